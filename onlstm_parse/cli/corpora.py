"""`onlstm-parse corpora list|make|fetch`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.display.tables import plain_table
from onlstm_parse.errors import UsageError
from onlstm_parse.registry import check_known

if TYPE_CHECKING:
    from onlstm_parse.corpora import Corpus


def list_(*, json: FlagCreatePairsOff[bool] = False) -> None:
    """Each corpus with its language, size and licence, and where it is.

    Args:
        json: Print a JSON list instead of a table.
    """
    from json import dumps

    from onlstm_parse.corpora import CORPORA

    rows = [_row(corpus) for corpus in CORPORA.values()]
    if json:
        print(dumps(rows, ensure_ascii=False, indent=2))
        return
    table = [[name.upper() for name in rows[0]], *([str(value) for value in row.values()] for row in rows)]
    print(plain_table(table, "left"))


def make(
    language: Positional[str] = "english", /, *, out: Path, sentences: int = 20_000, seed: int = 1
) -> None:
    """Write a synthetic corpus: text and gold trees for training, validation and test.

    Args:
        language: A built-in grammar, english or chinese, or a grammar file of your own.
        out: The folder to write into.
        sentences: Sentences to train on; a twentieth of that, 1000 at most, is held out twice.
        seed: The same seed writes the same corpus on every machine.
    """
    from onlstm_parse.corpora.synthetic import make

    make(language, out, sentences, seed)
    print(f"{out}: train, valid and test as .txt and .trees")


def fetch(names: Positional[tuple[str, ...]], /, *, again: FlagCreatePairsOff[bool] = False) -> None:
    """Download corpora that anyone may download into the cache folder.

    Args:
        names: Names of corpora, see onlstm-parse corpora list.
        again: Download once more what is there already.
    """
    from tqdm import tqdm

    from onlstm_parse.corpora import CORPORA
    from onlstm_parse.corpora import fetch as fetching

    if not names:
        raise UsageError("no corpus named", remedy="see onlstm-parse corpora list")
    for name in names:
        check_known("corpus", name, CORPORA)
    for name in names:
        with tqdm(desc=name, unit="B", unit_scale=True, disable=None, leave=False) as bar:

            def show(done: int, total: int | None, bar: tqdm = bar) -> None:
                bar.total = total
                bar.update(done - bar.n)

            folder, warning = fetching.fetch(CORPORA[name], again, show)
        if warning:
            print(f"onlstm-parse: warning: {warning}", file=sys.stderr)
        print(f"{name}: {folder} ({CORPORA[name].licence})")


COMMANDS: dict[str, Callable[..., None]] = {"list": list_, "make": make, "fetch": fetch}


def main(arguments: list[str]) -> None:
    """Run one of COMMANDS; raises OnlstmError."""
    if not arguments or arguments[0] in ("-h", "--help"):
        lines = "\n".join(
            f"  {name:<6} {(command.__doc__ or '').splitlines()[0]}" for name, command in COMMANDS.items()
        )
        print(f"usage: onlstm-parse corpora COMMAND ...\n\n{lines}")
        return
    name, *rest = arguments
    check_known("command of corpora", name, COMMANDS)
    tyro.cli(COMMANDS[name], prog=f"onlstm-parse corpora {name}", args=rest)


def _row(corpus: Corpus) -> dict[str, str]:
    absent = "made on first use" if corpus.grammar else "fetch" if corpus.remotes else "not here"
    return {
        "name": corpus.name,
        "language": corpus.language,
        "what": " and ".join(
            what
            for what, files in (("text", corpus.train), ("trees", corpus.trees), ("pairs", corpus.pairs))
            if files
        ),
        "size": corpus.size,
        "licence": corpus.licence,
        "where": str(corpus.folder() or absent),
    }
