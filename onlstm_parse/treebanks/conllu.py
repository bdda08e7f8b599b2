"""CoNLL-U (Universal Dependencies): sentences with tags, without constituents.

A sentence is a flat tree under an empty label. Its leaves are the syntactic words;
multi-word tokens (`1-2`) and empty nodes (`8.1`) are left out.

Omitted: the dependencies, and every column behind the tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from onlstm_parse.errors import FormatError
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.format import Format, Sentence

FIELDS = 10
_ID = re.compile(r"([0-9]+)(?:[-.][0-9]+)?", re.ASCII)
_WORD_LINE = re.compile(r"[0-9]+(?:[-.][0-9]+)?\t(?:[^\t]+\t){8}[^\t]*", re.ASCII)


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Sentences with the line of their first word; raises FormatError with file, line and column."""
    words: list[Tree] = []
    begun = 0
    for number, line in enumerate(chain(lines, [""]), 1):
        if not line.strip():
            if words:
                yield Sentence(Tree("", words), begun)
            words = []
        elif not line.startswith("#"):
            begun = begun if words else number
            words.extend(_word(line, number, file, expected=len(words) + 1))


def _word(line: str, number: int, file: Path, expected: int) -> Iterator[Tree]:
    """The word on a line; None if the line has none."""
    fields = line.split("\t")
    if len(fields) != FIELDS:
        problem = f"expected {FIELDS} fields separated by tabs, found {len(fields)}"
        raise FormatError(problem, file=file, line=number, column=1)
    id, form, _, upos, xpos = fields[:5]
    match = _ID.fullmatch(id)
    if not match or (match[0] == match[1] and match[0] != str(expected)):
        raise FormatError(f"expected word {expected}, found {id[:40]!r}", file=file, line=number, column=1)
    if match[0] == match[1]:
        yield Tree(next((tag for tag in (upos, xpos) if tag != "_"), "_"), [form])


def recognises(head: str) -> bool:
    lines = (line for line in head.split("\n") if line.strip() and not line.startswith("#"))
    return bool(_WORD_LINE.fullmatch(next(lines, "")))


CONLLU = Format(read, recognises, words="no-punctuation", endings=(".conllu",), has_trees=False)
