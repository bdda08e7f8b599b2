"""An immutable constituency tree, and its bracket notation.

A node has a label and children; a child is a `Tree` or a leaf, a plain string.
A *pre-terminal* is a node over exactly one leaf, `(NN dog)`; every other node
is a *constituent*. Spans are half-open, `(start, stop)`, counted in leaves.
Every walk is iterative, so depth is no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, Union

from onlstm_parse.brackets import File, escape, read_nodes
from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.flat import Flat, Span
from onlstm_parse.registry import resolve

if TYPE_CHECKING:
    import nltk
    import numpy as np

T = TypeVar("T")
Child = Union["Tree", str]


class Constituent(NamedTuple):
    """Leaves `start` to `stop - 1`, and the label over them."""

    start: int
    stop: int
    label: str


class Tree:
    """A labelled tree over words; `levels` holds d_f for each leaf where a parser made the tree.

    `confidence` says how sure the parser is of a constituent, from 0 to 1, where it was asked for it.

    >>> tree = Tree.from_brackets("(S (NP (DT the) (NN dog)) (VP (VBZ barks)))")
    >>> tree.leaves()
    ('the', 'dog', 'barks')
    >>> for start, stop, label in tree.spans():
    ...     print(label, start, stop)
    NP 0 2
    VP 2 3
    S 0 3
    """

    __slots__ = ("children", "confidence", "label", "levels")

    label: str
    children: tuple[Child, ...]
    levels: tuple[float | None, ...] | None
    confidence: float | None

    def __init__(
        self,
        label: str,
        children: Iterable[Child],
        levels: Sequence[float | None] | None = None,
        confidence: float | None = None,
    ) -> None:
        _set_label(self, label)
        _set_children(self, tuple(children))
        _set_levels(self, None if levels is None else tuple(levels))
        _set_confidence(self, confidence)

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
        flat = Flat([], [], [], [], [])
        leaves, tags, starts, stops, labels = flat[:5]
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
                starts.append(child[0])
                stops.append(len(leaves))
                labels.append(child[1])
        return flat

    def leaves(self) -> tuple[str, ...]:
        return tuple(self.flat().leaves)

    def tagged(self) -> list[tuple[str, str | None]]:
        """Each leaf with its pre-terminal's label, None for a bare leaf."""
        flat = self.flat()
        return list(zip(flat.leaves, flat.tags, strict=True))

    def spans(self) -> list[Constituent]:
        """The constituents over at least one leaf, children before parents; no pre-terminals."""
        flat = self.flat()
        return list(map(Constituent, flat.starts, flat.stops, flat.labels))

    def confidences(self) -> list[float]:
        """How sure the parser is of each of `spans()`. Raises UsageError for a tree that does not say."""
        if self.confidence is None:
            raise UsageError("the tree has no confidences", remedy="load its parser with confidence=0")
        nodes = (child for child in self.postorder() if isinstance(child, Tree) and child.children)
        return [node.confidence or 0.0 for node in nodes if not node.is_preterminal()]

    def spans_with_confidence(self) -> list[tuple[int, int, float]]:
        """First word, last word + 1, and confidence of each of `spans()`. Raises as `confidences` does."""
        pairs = zip(self.spans(), self.confidences(), strict=True)
        return [(start, stop, sure) for (start, stop, _), sure in pairs]

    def surer(self, confidence: float) -> Tree:
        """The tree with only those brackets that the parser is at least so sure of, and the whole sentence.

        Raises UsageError for a tree without confidences.
        """
        kept = {
            (start, stop): sure for start, stop, sure in self.spans_with_confidence() if sure >= confidence
        }
        return Tree.from_spans(self.leaves(), kept, self.label, self.levels, kept)

    # -- building --------------------------------------------------------

    @classmethod
    def from_spans(
        cls,
        leaves: Sequence[str],
        spans: Iterable[Span],
        label: str = "X",
        levels: Sequence[float | None] | None = None,
        confidences: Mapping[Span, float] | None = None,
    ) -> Tree:
        """The tree over bare leaves whose brackets are `spans` and the whole sentence.

        Width-one and repeated spans are ignored; raises ValueError where two cross. `confidences` are those
        of the spans; that of the whole sentence is 1.
        """
        size = len(leaves)
        whole, sure = (0, size), confidences or {}
        inner = {(start, -stop) for start, stop in spans if stop - start > 1} - {(0, -size)}
        children: list[Child] = []
        parents: list[tuple[list[Child], Span]] = []  # and each one's bracket
        position, bracket = 0, whole
        # Outer brackets come first, and an empty one behind the last leaf, which closes all others.
        for start, negative_stop in [*sorted(inner), (size, -size)]:
            while parents and bracket[1] <= start:
                children += leaves[position : bracket[1]]
                node, position = cls(label, children, confidence=sure.get(bracket)), bracket[1]
                children, bracket = parents.pop()
                children.append(node)
            if -negative_stop > bracket[1]:
                raise ValueError(f"{(start, -negative_stop)} crosses a bracket that ends at {bracket[1]}")
            children += leaves[position:start]
            parents.append((children, bracket))
            children, position, bracket = [], start, (start, -negative_stop)
        return cls(label, parents[-1][0], levels, None if confidences is None else 1.0)

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
    def from_stanza(cls, tree: Any) -> Tree:
        """From a `stanza.models.constituency.parse_tree.Tree`, whose leaves are nodes without children."""
        values: list[Child] = []
        stack: list[tuple[Any, bool]] = [(tree, False)]
        while stack:
            node, ready = stack.pop()
            if not node.children:
                values.append(node.label)
            elif ready:
                cut = len(values) - len(node.children)
                values[cut:] = [cls(node.label, values[cut:])]
            else:
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.children))
        made = values[0]
        return made if isinstance(made, Tree) else cls(made, [])

    def to_stanza(self) -> Any:
        from stanza.models.constituency.parse_tree import Tree as StanzaTree

        return self.fold(StanzaTree, lambda tree, children: StanzaTree(tree.label, children))

    @classmethod
    def from_brackets(cls, text: str) -> Tree:
        """Read one tree, e.g. `(X (X the dog) barks)`; raises FormatError."""
        trees = [tree for tree, _ in read_trees(text.split("\n"))]
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
        parts: list[str] = []
        stack: list[Child | None] = [self]
        while stack:
            child = stack.pop()
            if child is None:
                parts.append(")")
            elif isinstance(child, str):
                parts.append(f" {escape(child)}")
            else:
                # Write an empty label if a bare leaf follows: the leaf would be read as the label.
                shown = child.label or (child.children and isinstance(child.children[0], str))
                parts.append(f" ({escape(child.label)}" if shown else " (")
                stack.append(None)
                stack.extend(child.children[::-1])
        return "".join(parts)[1:]

    def _repr_svg_(self) -> str:
        """The picture in a notebook."""
        return str(resolve("onlstm_parse.display.svg:svg")(self))

    @property
    def level_array(self) -> np.ndarray:
        """The levels as numbers, (n,); NaN where a word has none."""
        import numpy as np

        levels = self.levels or [None] * len(self.leaves())
        return np.array([np.nan if level is None else level for level in levels], dtype=np.float64)

    def __str__(self) -> str:
        return self.brackets()

    def __repr__(self) -> str:
        return f"Tree({self.brackets()!r})"

    def __eq__(self, other: object) -> bool:
        """Same labels and leaves in the same shape; levels and confidences are not compared."""
        return isinstance(other, Tree) and list(self._tokens()) == list(other._tokens())

    def __hash__(self) -> int:
        return hash(tuple(self._tokens()))

    def __reduce__(self) -> tuple[Any, ...]:
        nodes = (child for child in self.postorder() if isinstance(child, Tree))
        confidences = None if self.confidence is None else [node.confidence for node in nodes]
        return _restore, (self.brackets(), self.levels, confidences)


class Trees(list[Tree]):
    """A list of trees, which a notebook shows as pictures one below the other."""

    def _repr_html_(self) -> str:
        return "\n".join(f'<div style="overflow-x:auto">{tree._repr_svg_()}</div>' for tree in self)


_set_label, _set_children, _set_levels, _set_confidence = (
    Tree.__dict__[name].__set__ for name in ("label", "children", "levels", "confidence")
)


def read_trees(lines: Iterable[str], file: File = None) -> Iterator[tuple[Tree, int]]:
    """Stream trees from bracket notation, each with the line (from 1) where it begins.

    Raises FormatError with file, line and column.
    """
    return read_nodes(lines, Tree, file)


def _restore(
    brackets: str, levels: tuple[float | None, ...] | None, confidences: list[float | None] | None
) -> Tree:
    """`confidences` are those of all nodes, children before parents: the order in which they are read."""
    known = repeat(None) if confidences is None else iter(confidences)
    nodes = read_nodes([brackets], lambda label, children: Tree(label, children, None, next(known)))
    tree = next(nodes)[0]
    return Tree(tree.label, tree.children, levels, tree.confidence)
