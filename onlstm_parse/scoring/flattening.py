"""Trees of any form as lists, as scoring takes them."""

from __future__ import annotations

from onlstm_parse.flat import Flat
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.reading import GoldTree

AnyTree = Tree | Flat | GoldTree


def flatten(tree: AnyTree, unwrap: bool = True) -> Flat:
    """`unwrap` removes the outer bracket if it only holds the tree together, see `Flat.unwrapped`."""
    if isinstance(tree, GoldTree):
        flat = tree.tree.flat()._replace(file=tree.file, line=tree.line, raised=tree.raised)
    else:
        flat = tree if isinstance(tree, Flat) else tree.flat()
    return flat.unwrapped() if unwrap else flat
