"""The built-in grammars, and the corpora made with them: text and gold trees.

The output depends only on the grammar, the number of sentences and the seed. No sentence occurs twice, so no
held-out sentence is trained on. The held-out sentences do not change with `sentences`, up to their own
number.
"""

from __future__ import annotations

from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from random import Random

from onlstm_parse.corpora.catalogue import builtin_folder
from onlstm_parse.corpora.grammar import Grammar
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import written_whole
from onlstm_parse.registry import nearest
from onlstm_parse.tree import Tree

_TRIES = 1000


def grammars() -> dict[str, Path]:
    """The built-in grammars by language."""
    return {path.stem: path for path in sorted(builtin_folder().glob("*.grammar"))}


def grammar(language: str | PathLike[str]) -> Grammar:
    """A built-in grammar by its language, or a file in the same notation."""
    known = grammars()
    path = known.get(str(language), Path(language))
    if not path.is_file():
        remedy = nearest(str(language), list(known))
        raise UsageError(f"expected a language or a grammar file, found {str(language)!r}", remedy=remedy)
    return Grammar.load(path)


def make(
    language: str | PathLike[str], out: str | PathLike[str], sentences: int = 20_000, seed: int = 1
) -> None:
    """Write train, valid and test into the folder `out`, each as .txt and .trees.

    `train` has `sentences` sentences; `valid` and `test` have a twentieth of that each, at most 1000. A line
    holds one sentence as running text, or its gold tree in Penn bracketing. Raises UsageError if the grammar
    has too few sentences, FormatError for a malformed grammar, OnlstmError if writing fails.
    """
    if sentences < 1:
        raise UsageError(f"sentences must be at least 1, found {sentences}")
    if Path(out).is_file():
        raise OnlstmError("expected a folder to write into, found a file", file=out)
    source, held_out = grammar(language), max(1, min(1000, sentences // 20))
    seen: set[str] = set()
    with ExitStack() as files:  # all six files appear, or none
        for part, size in (("test", held_out), ("valid", held_out), ("train", sentences)):
            text = files.enter_context(written_whole(Path(out, f"{part}.txt")))
            trees = files.enter_context(written_whole(Path(out, f"{part}.trees")))
            rng = Random(f"{part} {seed}")
            for _ in range(size):
                line, tree = _new_sentence(source, rng, seen)
                text.write(f"{line}\n")
                trees.write(f"{tree.brackets()}\n")


def _new_sentence(source: Grammar, rng: Random, seen: set[str]) -> tuple[str, Tree]:
    for _ in range(_TRIES):
        tree = source.sample(rng)
        line = source.text(tree)
        if line not in seen:
            seen.add(line)
            return line, tree
    remedy = "ask for fewer sentences, or extend the grammar"
    raise UsageError(f"the grammar gave {len(seen)} sentences and hardly gives more", remedy=remedy)
