"""Trees as scoring needs them: their leaves, and their brackets as numbers.

Fifty thousand trees are read in seconds because no node object is made for a
tree that stands on lines of its own in plain Penn bracketing. Everything else,
mistakes included, goes through the treebank readers, whose word is law: what
the quick reader takes, it takes as they do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.errors import FormatError
from onlstm_parse.text.reading import decoded_lines
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import FORMATS
from onlstm_parse.treebanks.filters import ROOTS
from onlstm_parse.treebanks.reading import GoldTree, Paths, read_treebank, treebank_files


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


def flatten(tree: Tree | GoldTree | FlatTree) -> FlatTree:
    if isinstance(tree, FlatTree):
        return tree
    file, line = (tree.file, tree.line) if isinstance(tree, GoldTree) else (None, None)
    flat = FlatTree([], [], [], [], [], file, line)
    words, tags, starts, stops, labels = flat[:5]
    waiting: list[Tree | str | tuple[int, str]] = [tree.tree if isinstance(tree, GoldTree) else tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            words.append(node)
            tags.append(None)
        elif isinstance(node, tuple):
            if node[0] < len(words):
                starts.append(node[0])
                stops.append(len(words))
                labels.append(node[1])
        elif len(children := node.children) == 1 and isinstance(children[0], str):
            words.append(children[0])
            tags.append(node.label)
        else:
            waiting.append((len(words), node.label))
            waiting.extend(reversed(children))
    return flat


def unwrap(flat: FlatTree) -> None:
    """Drop the outer brackets that only hold a tree together, `( (S ...) )` or `(ROOT (S ...))`.

    One over several children is a constituent like others and stays, as X.
    """
    _, _, starts, stops, labels = flat[:5]
    while labels and labels[-1] in ROOTS:
        alone = len(flat.words) == 1 or (len(labels) > 1 and stops[-2] - starts[-2] == stops[-1])
        if not alone:
            labels[-1] = "X"
            return
        del starts[-1], stops[-1], labels[-1]


def read_flat(paths: Paths, format: str) -> Iterator[FlatTree]:
    """Stream the trees of files and folders; raises what `read_treebank` raises."""
    for file in treebank_files(paths):
        given = 0
        if format == "penn":
            for flat in _quick(file):
                if flat is None:
                    break
                given += 1
                yield flat
            else:
                if given:
                    continue
        for tree in islice(read_treebank([file], format), given, None):
            yield flatten(tree)


# `(TAG word)`, `(LABEL`, `)` or a bare leaf, as Penn bracketing has them.
_TOKEN = re.compile(r"\(\s*([^()\s]+)\s+([^()\s]+)\s*\)|(\()\s*([^()\s]*)|(\))|([^()\s]+)", re.ASCII)
_ESCAPE = re.compile(r"-[LR][RSC]B-|-SPACE-|\\")  # how a word is unescaped is for the readers to say


def _quick(file: Path) -> Iterator[FlatTree | None]:
    """The trees of a Penn file; None, and no more, from the first mistake on."""
    read = FORMATS["penn"].read
    with decoded_lines(file) as lines:
        for line, piece in _pieces(lines):
            flat = _scan(piece, file, line)
            if flat:
                yield flat
                continue
            try:
                trees = [flatten(tree) for tree, _ in read(piece.split("\n"), file)]
            except FormatError:
                yield None
                return
            yield from (tree._replace(file=file, line=line) for tree in trees)


def _pieces(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines joined until their brackets close, with the number of the first."""
    waiting: list[str] = []
    begun = depth = 0
    for number, line in enumerate(lines, 1):
        if not waiting:
            begun = number
            if not line.lstrip().startswith("("):
                if line and not line.isspace():
                    yield begun, line
                continue
        depth += line.count("(") - line.count(")")
        waiting.append(line)
        if depth <= 0:
            yield begun, "\n".join(waiting)
            waiting.clear()
            depth = 0
    if waiting:
        yield begun, "\n".join(waiting)


def _scan(text: str, file: Path, line: int) -> FlatTree | None:
    """The one whole tree that `text` is, or None where it is anything else."""
    if _ESCAPE.search(text):
        return None
    flat = FlatTree([], [], [], [], [], file, line)
    words, tags, starts, stops, labels = flat[:5]
    opened: list[tuple[int, str]] = []
    closed = False
    for tag, word, opens, label, closes, leaf in _TOKEN.findall(text):
        if closed or not (opened or opens or word):
            return None
        if word:
            words.append(word)
            tags.append(tag)
            closed = not opened
        elif closes:
            start, label = opened.pop()
            if start < len(words):
                starts.append(start)
                stops.append(len(words))
                labels.append(label)
            closed = not opened
        elif opens:
            opened.append((len(words), label))
        else:
            words.append(leaf)
            tags.append(None)
    return flat if closed else None
