"""`onlstm-parse COMMAND ...`: one file a command, imported when it is asked for.

Exit status: 0 done, 1 a failure explained in one line on standard error, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys

from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.registry import Table
from onlstm_parse.version import VERSION

COMMANDS = Table(
    "command",
    {
        "models": "onlstm_parse.cli.models:main",
        "train": "onlstm_parse.cli.train:main",
        "induce": "onlstm_parse.cli.induce:main",
        "parse": "onlstm_parse.cli.parse:main",
        "evaluate": "onlstm_parse.cli.evaluate:main",
        "probe": "onlstm_parse.cli.probe:main",
        "average": "onlstm_parse.cli.average:main",
        "distil": "onlstm_parse.cli.distil:main",
        "share": "onlstm_parse.cli.share:main",
        "compare": "onlstm_parse.cli.compare:main",
        "show": "onlstm_parse.cli.show:main",
        "serve": "onlstm_parse.cli.serve:main",
        "score": "onlstm_parse.cli.score:main",
        "completion": "onlstm_parse.cli.completion:main",
        "doctor": "onlstm_parse.cli.doctor:main",
        "corpora": "onlstm_parse.cli.corpora:main",
    },
)

HELP = """usage: onlstm-parse COMMAND ...

Learns grammar from raw text: language models, probabilistic grammars, and averages of them.

  models     list the language models and grammars
  train      train a language model or a grammar on text, into a run folder
  induce     make one parser from text: train several, average them, distil a small one
  parse      parse sentences with a run
  evaluate   score a run's trees against a treebank, beside trivial parsers; or its perplexity on text
  average    make one parser of several runs: the tree with the most votes
  distil     train one small, fast parser on the trees of another
  share      write a run as others can use it, with a model card
  compare    train several models with the same budget, and score them
  probe      what models learn beside trees: syntax, logic
  show       draw trees and level curves of a run as HTML, SVG or PNG
  serve      a local page to type sentences into
  score      score any system's trees against a treebank
  corpora    list, make or fetch corpora
  completion print a script that completes commands and options in a shell
  doctor     show what this machine has, and what falls back and why

onlstm-parse COMMAND --help shows a command's options and their defaults."""


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if not arguments:
            raise UsageError("no command given", remedy="see onlstm-parse --help")
        if arguments[0] in ("-h", "--help"):
            print(HELP)
        elif arguments[0] == "--version":
            print(f"onlstm-parse {VERSION}")
        else:
            COMMANDS[arguments[0]](arguments[1:])
        sys.stdout.flush()
    except OnlstmError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _fail("interrupted", 1)
    except BrokenPipeError:  # the reader of the pipe has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        return _fail("out of memory; try a smaller --batch-size, --size or vocabulary (--max-words)", 1)
    return 0


def _fail(text: str, status: int) -> int:
    print(f"onlstm-parse: {text}", file=sys.stderr)
    return status
