"""The contract of a treebank format: how to read it, and how to recognise it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.flat import Flat
from onlstm_parse.tree import Tree


class Sentence(NamedTuple):
    """A tree, the line (from 1) it begins on, and how many constituents lost parts that crossed others."""

    tree: Tree
    line: int
    raised: int = 0


@dataclass(frozen=True)
class Format:
    """One notation."""

    read: Callable[[Iterable[str], Path], Iterator[Sentence]]
    """Lines without their ends to sentences, streaming; raises FormatError with line and column, no other."""
    recognises: Callable[[str], bool]
    """Whether a file that begins with these lines is in this format."""
    words: str
    """The word filter that suits its tags, a name in WORD_FILTERS."""
    endings: tuple[str, ...] = ()
    """The usual endings of its files."""
    encodings: tuple[str, ...] = ("utf-8",)
    """The first encoding that decodes the whole file is used."""
    has_trees: bool = True
    """False for sentences without constituents: flat trees, nothing to score against."""
    read_flat: Callable[[Iterable[str], Path], Iterator[tuple[Flat, int]]] | None = None
    """A faster reader of leaves, tags and spans, if there is one."""
