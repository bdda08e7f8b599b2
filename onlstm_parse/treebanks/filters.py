"""Filters that change trees, by name, applied in order: `traces,punctuation,length:40`.

A filter returns the changed tree, over leaves of the given tree, or None if the sentence is dropped. A phrase
that becomes empty is removed too. Word filters (`words:NAME`) are in words.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import ROOTS
from onlstm_parse.tree import Child, Tree
from onlstm_parse.treebanks import FILTERS, WORD_FILTERS
from onlstm_parse.treebanks.words import every_leaf

Filter = Callable[[Tree], Tree | None]

_FUNCTION = re.compile(r"(?<=.)[-=].*", re.DOTALL)  # NP-SBJ-1, NP=2; but not -NONE-, -LRB-
_LENGTH = re.compile(r"(?:([0-9]+)-)?([0-9]+)")


def composed(names: str | Sequence[str]) -> Filter:
    """Compose the filters `NAME[:ARGUMENT]`, in order. Raises UsageError for an unknown one."""
    filters = []
    for one in listed(names):
        name, _, argument = one.partition(":")
        filters.append(FILTERS[name](argument))

    def apply(tree: Tree) -> Tree | None:
        left: Tree | None = tree
        for each in filters:
            if left is not None:
                left = each(left)
        return left

    return apply


def listed(names: str | Sequence[str]) -> list[str]:
    """The names of filters, one by one, `NAME[:ARGUMENT]`."""
    return list(filter(None, map(str.strip, names.split(",") if isinstance(names, str) else names)))


def roots(argument: str = "") -> Filter:
    """Remove the outer bracket if it only holds the tree together."""
    _expect_none("roots", argument)
    return unwrap


def traces(argument: str = "") -> Filter:
    """Drop empty elements, `-NONE-`."""
    _expect_none("traces", argument)
    return lambda tree: keep_words(tree, every_leaf)


def punctuation(argument: str = "") -> Filter:
    """Drop punctuation and empty elements: by `tags`, by `marks` (characters), or by either."""
    return words(f"no-punctuation-{argument}" if argument else "no-punctuation")


def words(argument: str) -> Filter:
    """Keep the leaves that a word filter, named by the argument, keeps."""
    is_word = WORD_FILTERS[argument]
    return lambda tree: keep_words(tree, is_word)


def function_tags(argument: str = "") -> Filter:
    """Drop function tags and indices: `NP-SBJ-1` is `NP`."""
    _expect_none("function-tags", argument)
    return lambda tree: _relabelled(tree, bare_label)


def unaries(argument: str = "") -> Filter:
    """Merge constituents over the same words into one, with the label of the highest."""
    _expect_none("unaries", argument)
    return _without_unaries


def length(argument: str) -> Filter:
    """Keep sentences of at most 40 leaves, `length:40`, or of 2 to 40 leaves, `length:2-40`."""
    match = _LENGTH.fullmatch(argument)
    if not match:
        raise UsageError(f"expected length:MOST or length:LEAST-MOST, found 'length:{argument}'")
    least, most = int(match[1] or 0), int(match[2])
    return lambda tree: tree if least <= len(tree.flat().leaves) <= most else None


def keep_words(tree: Tree, is_word: Callable[[str, str | None], bool]) -> Tree | None:
    """The tree over the leaves that are words; None if there are none."""
    keep = [is_word(word, tag) for word, tag in tree.tagged()]
    return tree if keep and all(keep) else prune(tree, keep)


def prune(tree: Tree, keep: Sequence[bool]) -> Tree | None:
    """The tree over the leaves that are kept; None if there are none."""
    kept = iter(keep)

    def node(tree: Tree, children: list[Child | None]) -> Child | None:
        left = [child for child in children if child is not None]
        return Tree(tree.label, left) if left else None

    pruned = tree.fold(lambda leaf: leaf if next(kept) else None, node)
    return pruned if isinstance(pruned, Tree) else None


def unwrap(tree: Tree) -> Tree:
    """Remove the outer bracket if it only holds the tree together, `( (S ...) )` or `(ROOT (S ...))`.

    Over several children, `( (S ...) (. .) )`, it is a constituent like others. It then gets the label X,
    Penn's label for the unknown, so that a second call changes nothing.
    """
    while tree.label in ROOTS and not tree.is_preterminal():
        if len(tree.children) > 1:
            return Tree("X", tree.children)
        if not tree.children:
            break
        tree = tree.children[0]  # type: ignore[assignment]
    return tree


def bare_label(label: str) -> str:
    """A label without its function tags and indices.

    >>> [bare_label(label) for label in ("NP-SBJ-1", "NP=2", "-LRB-")]
    ['NP', 'NP', '-LRB-']
    """
    return label if label.startswith("-") else _FUNCTION.sub("", label)


def _relabelled(tree: Tree, relabel: Callable[[str], str]) -> Tree:
    def node(tree: Tree, children: list[Child]) -> Child:
        return Tree(relabel(tree.label), children)

    return tree.fold(lambda leaf: leaf, node)  # type: ignore[arg-type, return-value]


def _without_unaries(tree: Tree) -> Tree:
    def node(tree: Tree, children: list[Child]) -> Child:
        only = children[0] if len(children) == 1 else None
        if isinstance(only, Tree) and not only.is_preterminal():
            return Tree(only.label if tree.label in ROOTS else tree.label, only.children)
        return Tree(tree.label, children)

    return tree.fold(lambda leaf: leaf, node)  # type: ignore[arg-type, return-value]


def _expect_none(name: str, argument: str) -> None:
    if argument:
        raise UsageError(f"the filter {name} takes no argument, found {argument!r}")
