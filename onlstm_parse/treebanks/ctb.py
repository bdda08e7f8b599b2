"""Chinese Treebank files: Penn bracketing between mark-up such as `<S ID=1>`, in UTF-8 or GB18030.

Omitted: what the mark-up says, and text outside brackets on its lines (`<DATE> ... </DATE>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import starmap
from pathlib import Path

from onlstm_parse.brackets import read_flat
from onlstm_parse.flat import Flat
from onlstm_parse.tree import read_trees
from onlstm_parse.treebanks.format import Format, Sentence

_TAGS = re.compile(r"\s*(?:</?[A-Za-z][^<>()]*+>\s*)+")
_CLOSING = re.compile(r"</[A-Za-z][^<>()]*+>\s*$")


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Trees with the line each begins on; raises FormatError with file, line and column."""
    return starmap(Sentence, read_trees(map(_without_markup, lines), file))


def read_quickly(lines: Iterable[str], file: Path) -> Iterator[tuple[Flat, int]]:
    """As `read`, to leaves, tags and spans."""
    return read_flat(map(_without_markup, lines), file)


def recognises(head: str) -> bool:
    lines = [line.strip() for line in head.split("\n") if line.strip()]
    return bool(lines and _TAGS.match(lines[0])) and any(_without_markup(line).strip() for line in lines)


def _without_markup(line: str) -> str:
    """The brackets of a line, at their own columns."""
    if "<" not in line:
        return line
    tags = _TAGS.match(line)
    if tags:
        rest = line[tags.end() :]
        line = " " * tags.end() + rest if rest.startswith(("(", ")")) else ""
    return _CLOSING.sub("", line)


CTB = Format(
    read,
    recognises,
    words="no-punctuation",
    endings=(".fid", ".nw", ".mz", ".bn", ".bc", ".wb", ".df", ".sc", ".cs"),
    encodings=("utf-8", "gb18030"),
    read_flat=read_quickly,
)
