"""An immutable constituency tree, and its bracket notation.

A node has a label and children; a child is a `Tree` or a leaf, a plain string.
A *pre-terminal* is a node over exactly one leaf, `(NN dog)`; every other node
is a *constituent*. Spans are half-open, `(start, stop)`, counted in leaves.
Every walk is iterative, so depth is no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, Union

from onlstm_parse.errors import FormatError

if TYPE_CHECKING:
    import nltk

T = TypeVar("T")
Child = Union["Tree", str]
Bracket = tuple[int, int, str]

ROOTS = ("", "ROOT", "TOP", "VROOT")


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
        _set_label(self, label)
        _set_children(self, tuple(children))
        _set_levels(self, None if levels is None else tuple(levels))

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

    def flat(self) -> Flat:
        """Leaves, their tags and the constituents, in one walk."""
        leaves: list[str] = []
        tags: list[str | None] = []
        spans: list[Bracket] = []
        stack: list[Child | tuple[int, str]] = [self]  # a constituent whose children are done: start, label
        while stack:
            child = stack.pop()
            if isinstance(child, Tree):
                children = child.children
                if len(children) == 1 and isinstance(children[0], str):
                    leaves.append(children[0])
                    tags.append(child.label)
                else:
                    stack.append((len(leaves), child.label))
                    stack.extend(children[::-1])
            elif isinstance(child, str):
                leaves.append(child)
                tags.append(None)
            elif child[0] < len(leaves):
                spans.append((child[0], len(leaves), child[1]))
        return Flat(leaves, tags, spans)

    def leaves(self) -> tuple[str, ...]:
        return tuple(self.flat().leaves)

    def tagged(self) -> list[tuple[str, str | None]]:
        """Each leaf with its pre-terminal's label, None for a bare leaf."""
        flat = self.flat()
        return list(zip(flat.leaves, flat.tags, strict=True))

    def spans(self) -> list[Span]:
        """The constituents over at least one leaf, children before parents; no pre-terminals."""
        return [Span(*span) for span in self.flat().spans]

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
        size = len(leaves)
        inner = {(start, -stop) for start, stop in spans if stop - start > 1} - {(0, -size)}
        children: list[Child] = []
        parents: list[tuple[list[Child], int]] = []  # and where each one's bracket ends
        position, end = 0, size
        # Outer brackets come first, and an empty one behind the last leaf, which closes all others.
        for start, negative_stop in [*sorted(inner), (size, -size)]:
            while parents and end <= start:
                children += leaves[position:end]
                node, position = cls(label, children), end
                children, end = parents.pop()
                children.append(node)
            if -negative_stop > end:
                raise ValueError(f"{(start, -negative_stop)} crosses a bracket that ends at {end}")
            children += leaves[position:start]
            parents.append((children, end))
            children, position, end = [], start, -negative_stop
        return cls(label, parents[-1][0], levels)

    @classmethod
    def from_nltk(cls, tree: nltk.Tree) -> Tree:
        values: list[Any] = []
        stack: list[tuple[Any, bool]] = [(tree, False)]
        while stack:
            child, ready = stack.pop()
            if isinstance(child, str):
                values.append(child)
            elif ready:
                cut = len(values) - len(child)
                values[cut:] = [cls(str(child.label()), values[cut:])]
            else:
                stack.append((child, True))
                stack.extend((grandchild, False) for grandchild in reversed(child))
        return values[0]

    def to_nltk(self) -> nltk.Tree:
        import nltk

        return self.fold(lambda leaf: leaf, lambda tree, children: nltk.Tree(tree.label, children))

    @classmethod
    def from_brackets(cls, text: str) -> Tree:
        """Read one tree, e.g. `(X (X the dog) barks)`; raises FormatError."""
        from onlstm_parse.brackets import read_brackets

        trees = [tree for tree, _ in read_brackets(text.split("\n"))]
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
        from onlstm_parse.brackets import write_brackets

        return write_brackets(self)

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


_set_label, _set_children, _set_levels = (
    Tree.__dict__[name].__set__ for name in ("label", "children", "levels")
)


class Flat(NamedTuple):
    """A tree as lists, which is all that scoring needs and quicker to read than nodes.

    `tags` are the pre-terminals' labels, None for a bare leaf; `spans` are
    (start, stop, label), children before parents, without pre-terminals.
    """

    leaves: list[str]
    tags: list[str | None]
    spans: list[Bracket]

    def pruned(self, keep: Sequence[bool]) -> Flat:
        """Without the leaves not kept, nor the constituents left empty: as `filters.prune` of the tree."""
        position = list(accumulate(keep, initial=0))
        leaves = [leaf for leaf, kept in zip(self.leaves, keep, strict=True) if kept]
        tags = [tag for tag, kept in zip(self.tags, keep, strict=True) if kept]
        spans = []
        for start, stop, label in self.spans:
            start, stop = position[start], position[stop]
            if stop - start == 1 and tags[start] is None:
                tags[start] = label  # a constituent left with nothing but a bare leaf
            elif start < stop:
                spans.append((start, stop, label))
        return Flat(leaves, tags, spans)

    def unwrapped(self) -> Flat:
        """Without the outer bracket that only holds the tree together: `filters.unwrap` of the tree."""
        spans = list(self.spans)
        while spans and spans[-1][2] in ROOTS:
            start, stop, _ = spans.pop()
            if (spans[-1:] and spans[-1][:2] == (start, stop)) or (stop == 1 and self.tags[0] is not None):
                continue
            spans.append((start, stop, "X"))
        return Flat(self.leaves, self.tags, spans)


def _restore(brackets: str, levels: tuple[float | None, ...] | None) -> Tree:
    tree = Tree.from_brackets(brackets)
    return Tree(tree.label, tree.children, levels)
