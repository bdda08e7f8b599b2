"""Penn Treebank bracketing, in the variants that brackets.py describes.

Trees stay as they are: function tags, empty elements and the unlabelled root are a matter of filters and
protocols.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import starmap
from pathlib import Path

from onlstm_parse.brackets import COMMENT, read_flat
from onlstm_parse.tree import read_trees
from onlstm_parse.treebanks.format import Format, Sentence

_BRACKET = re.compile(r"\s*\(")


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Trees with the line each begins on; raises FormatError with file, line and column."""
    return starmap(Sentence, read_trees(lines, file))


def recognises(head: str) -> bool:
    lines = (line for line in head.split("\n") if line.strip() and not COMMENT.match(line))
    return bool(_BRACKET.match(next(lines, "")))


PENN = Format(
    read,
    recognises,
    words="penn-words",
    endings=(".mrg", ".ptb", ".prd", ".tree", ".trees", ".parse", ".brackets"),
    read_flat=read_flat,
)
