"""Penn Treebank bracketing, and the Chinese Treebank's with its markup lines.

Trees come as they stand: function tags, empty elements and the unlabelled root
stay, since it is filters and protocols that differ about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from onlstm_parse.brackets import read_brackets
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.reading import Format

_MARKUP = re.compile(r"\s*<[^()]*>\s*")  # <S ID=1>, </DOC>: between the trees of the Chinese Treebank
_BRACKET = re.compile(r"\s*\(")


def read(lines: Iterable[str], file: Path) -> Iterator[tuple[Tree, int]]:
    """Trees with the line each begins on; raises FormatError with file, line and column."""
    return read_brackets(("" if _MARKUP.fullmatch(line) else line for line in lines), file)


def recognises(head: str) -> bool:
    lines = (line for line in head.splitlines() if line.strip() and not _MARKUP.fullmatch(line))
    return bool(_BRACKET.match(next(lines, "")))


PENN = Format(read, recognises, words="penn-words")
