"""An immutable constituency tree, and its bracket notation.

A node has a label and children; a child is a `Tree` or a leaf, a plain string.
A *pre-terminal* is a node over exactly one leaf, `(NN dog)`; every other node
is a *constituent*. Spans are half-open, `(start, stop)`, counted in leaves.
Every walk is iterative, so depth is no limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, Union

from onlstm_parse.errors import FormatError

if TYPE_CHECKING:
    import nltk

T = TypeVar("T")
Child = Union["Tree", str]

# What would break the notation is written as the Penn Treebank does; a space is ours.
_ESCAPES = {"(": "-LRB-", ")": "-RRB-", " ": "-SPACE-"}
_UNESCAPES = {escape: character for character, escape in _ESCAPES.items()}
_UNESCAPE = re.compile("|".join(_UNESCAPES))
_ESCAPE = re.compile(r"[() ]")
# Only ASCII white space parts tokens: a no-break space may be part of a word.
_TOKEN = re.compile(r"[()]|[^()\s]+", re.ASCII)


class Span(NamedTuple):
    """A constituent: leaves `start` to `stop - 1`, and its label."""

    start: int
    stop: int
    label: str


class Tree:
    """A labelled tree over words; `levels` holds d_f for each leaf where a parser made the tree.

    >>> tree = Tree.from_brackets("(S (NP (DT the) (NN dog)) (VP (VBZ barks)))")
    >>> tree.leaves()
    ('the', 'dog', 'barks')
    >>> [tuple(span) for span in tree.spans()]
    [(0, 2, 'NP'), (2, 3, 'VP'), (0, 3, 'S')]
    """

    __slots__ = ("children", "label", "levels")

    label: str
    children: tuple[Child, ...]
    levels: tuple[float | None, ...] | None

    def __init__(
        self, label: str, children: Iterable[Child], levels: Sequence[float | None] | None = None
    ) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "children", tuple(children))
        object.__setattr__(self, "levels", None if levels is None else tuple(levels))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Tree is immutable: build a new one")

    # -- walking ---------------------------------------------------------

    def postorder(self) -> Iterator[Child]:
        """Every leaf and node, children before parents, left to right."""
        stack: list[tuple[Child, bool]] = [(self, False)]
        while stack:
            child, ready = stack.pop()
            if ready or isinstance(child, str):
                yield child
            else:
                stack.append((child, True))
                stack.extend((grandchild, False) for grandchild in reversed(child.children))

    def fold(self, leaf: Callable[[str], T], node: Callable[[Tree, list[T]], T]) -> T:
        """Bottom-up: `node` receives each tree and what its children became."""
        values: list[T] = []
        for child in self.postorder():
            if isinstance(child, str):
                values.append(leaf(child))
            else:
                cut = len(values) - len(child.children)
                values[cut:] = [node(child, values[cut:])]
        return values[0]

    def is_preterminal(self) -> bool:
        return len(self.children) == 1 and isinstance(self.children[0], str)

    def leaves(self) -> tuple[str, ...]:
        return tuple(child for child in self.postorder() if isinstance(child, str))

    def tagged(self) -> list[tuple[str, str | None]]:
        """Each leaf with its pre-terminal's label, None for a bare leaf."""
        found: list[tuple[str, str | None]] = []
        for child in self.postorder():
            if isinstance(child, str):
                found.append((child, None))
            elif child.is_preterminal():
                found[-1] = (found[-1][0], child.label)
        return found

    def spans(self) -> list[Span]:
        """The constituents over at least one leaf, children before parents; no pre-terminals."""
        spans: list[Span] = []
        starts: list[int] = []  # of the finished children on the way up
        position = 0
        for child in self.postorder():
            if isinstance(child, str):
                starts.append(position)
                position += 1
                continue
            cut = len(starts) - len(child.children)
            start = starts[cut] if child.children else position
            starts[cut:] = [start]
            if start < position and not child.is_preterminal():
                spans.append(Span(start, position, child.label))
        return spans

    # -- building --------------------------------------------------------

    @classmethod
    def from_spans(
        cls,
        leaves: Sequence[str],
        spans: Iterable[tuple[int, int]],
        label: str = "X",
        levels: Sequence[float | None] | None = None,
    ) -> Tree:
        """The tree over bare leaves whose brackets are `spans` and the whole sentence.

        Width-one and repeated spans are ignored; raises ValueError where two cross.
        """
        brackets = {(a, b) for a, b in spans if b - a > 1} | {(0, len(leaves))}
        children: list[list[Child]] = []
        open_spans: list[tuple[int, int]] = []
        position = 0

        def advance(stop: int) -> None:
            """Take leaves up to `stop`, closing the brackets that end on the way."""
            nonlocal position
            while open_spans and open_spans[-1][1] <= stop and len(open_spans) > 1:
                end = open_spans.pop()[1]
                finished = children.pop()
                finished.extend(leaves[position:end])
                position = end
                children[-1].append(cls(label, finished))
            children[-1].extend(leaves[position:stop])
            position = max(position, stop)

        for start, stop in sorted(brackets, key=lambda span: (span[0], -span[1])):
            if open_spans:
                advance(start)
                if stop > open_spans[-1][1]:
                    raise ValueError(f"spans {open_spans[-1]} and {(start, stop)} cross")
            open_spans.append((start, stop))
            children.append([])
        advance(len(leaves))
        return cls(label, children[0], levels)

    @classmethod
    def from_nltk(cls, tree: nltk.Tree) -> Tree:
        children = [child if isinstance(child, str) else cls.from_nltk(child) for child in tree]
        return cls(str(tree.label()), children)

    def to_nltk(self) -> nltk.Tree:
        import nltk

        return self.fold(lambda leaf: leaf, lambda tree, children: nltk.Tree(tree.label, children))

    @classmethod
    def from_brackets(cls, text: str) -> Tree:
        """Read one tree, e.g. `(X (X the dog) barks)`; raises FormatError."""
        trees = [tree for tree, _ in read_brackets(text.splitlines())]
        if len(trees) != 1:
            raise FormatError(f"expected one tree, found {len(trees)} in {text[:60]!r}")
        return trees[0]

    # -- showing and comparing -------------------------------------------

    def _tokens(self) -> Iterator[tuple[str, str]]:
        """The notation's tokens in order: ("(", label), ("", leaf) and (")", "")."""
        stack: list[Child | None] = [self]
        while stack:
            child = stack.pop()
            if child is None:
                yield ")", ""
            elif isinstance(child, str):
                yield "", child
            else:
                yield "(", child.label
                stack.append(None)
                stack.extend(reversed(child.children))

    def brackets(self) -> str:
        """One line of Penn bracketing, escaped; `nltk.Tree.fromstring` reads it."""
        parts = []
        for mark, text in self._tokens():
            text = _ESCAPE.sub(lambda match: _ESCAPES[match[0]], text)
            parts.append(mark if mark == ")" else f" {mark}{text}")
        return "".join(parts)[1:]

    def __str__(self) -> str:
        return self.brackets()

    def __repr__(self) -> str:
        return f"Tree({self.brackets()!r})"

    def __eq__(self, other: object) -> bool:
        """Same labels and leaves in the same shape; levels are not compared."""
        return isinstance(other, Tree) and list(self._tokens()) == list(other._tokens())

    def __hash__(self) -> int:
        return hash(tuple(self._tokens()))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.brackets(), self.levels)


def read_brackets(
    lines: Iterable[str], file: str | PathLike[str] | None = None
) -> Iterator[tuple[Tree, int]]:
    """Stream trees in bracket notation, each with the line (from 1) it begins on.

    Trees may share a line or run over many. The token behind `(` is the label;
    `( (S ...))` has an empty one. Raises FormatError with file, line and column.
    """
    labels: list[str] = []
    children: list[list[Child]] = []
    begun = (0, 0)
    expects_label = False
    for number, line in enumerate(lines, start=1):
        for match in _TOKEN.finditer(line):
            token, column = match[0], match.start() + 1
            if token == "(":
                if not labels:
                    begun = (number, column)
                labels.append("")
                children.append([])
                expects_label = True
                continue
            if not labels:
                found = "a ')' that closes nothing" if token == ")" else f"{token[:40]!r} outside any bracket"
                raise FormatError(f"expected '(', found {found}", file=file, line=number, column=column)
            if token == ")":
                tree = Tree(labels.pop(), children.pop())
                if labels:
                    children[-1].append(tree)
                else:
                    yield tree, begun[0]
            else:
                text = _UNESCAPE.sub(lambda match: _UNESCAPES[match[0]], token)
                if expects_label:
                    labels[-1] = text
                else:
                    children[-1].append(text)
            expects_label = False
    if labels:
        raise FormatError(
            f"{len(labels)} of the tree's brackets never close",
            file=file,
            line=begun[0],
            column=begun[1],
            remedy="add the missing ')'",
        )


def _restore(brackets: str, levels: tuple[float | None, ...] | None) -> Tree:
    tree = Tree.from_brackets(brackets)
    return Tree(tree.label, tree.children, levels)
