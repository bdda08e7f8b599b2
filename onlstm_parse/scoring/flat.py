"""Trees as scoring needs them: their leaves, and their brackets as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from onlstm_parse.flat import Flat
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.reading import GoldFlat, GoldTree


class FlatTree(NamedTuple):
    """Leaves with their tags (None where bare), and bracket i = leaves `starts[i]` to `stops[i]` - 1.

    Brackets come children before parents, those over one leaf too, pre-terminals not.
    """

    words: list[str]
    tags: list[str | None]
    starts: list[int]
    stops: list[int]
    labels: list[str]
    file: Path | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        return f" ({self.file}:{self.line})" if self.file else ""


AnyTree = Tree | Flat | GoldTree | GoldFlat


def flatten(tree: AnyTree, unwrap: bool = True) -> FlatTree:
    """`unwrap` drops the outer bracket that only holds a tree together."""
    if isinstance(tree, GoldFlat):
        flat, file, line = tree[:3]
    elif isinstance(tree, GoldTree):
        flat, file, line = tree.tree.flat(), tree.file, tree.line
    else:
        flat, file, line = tree if isinstance(tree, Flat) else tree.flat(), None, None
    leaves, tags, spans = flat.unwrapped() if unwrap else flat
    starts, stops, labels = map(list, zip(*spans, strict=True)) if spans else ([], [], [])
    return FlatTree(leaves, tags, starts, stops, labels, file, line)  # type: ignore[arg-type]
