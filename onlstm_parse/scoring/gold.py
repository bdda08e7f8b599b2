"""Gold sentences as they are scored: the trees of a treebank, reduced to the words that count.

They stream: one tree is in memory at a time, unless they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate, compress
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import Flat
from onlstm_parse.scoring.flattening import AnyTree, flatten
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import WORD_FILTERS
from onlstm_parse.treebanks.filters import Filter, composed, listed
from onlstm_parse.treebanks.reading import (
    GoldTree,
    format_named,
    read_flat_treebank,
    read_treebank,
    treebank_format,
)
from onlstm_parse.treebanks.words import EMPTY

ENOUGH_LEAVES = 20  # leaves; with fewer, a word filter that drops most of them is not suspected


class GoldSentence(NamedTuple):
    """The words that count, and the gold brackets over them (`starts`, `stops`, `labels`).

    `kept` marks the words among all non-empty `leaves`. `scored` is False for a sentence that has no words,
    is too long, or is filtered out.
    """

    number: int  # in the treebank, from 1
    words: tuple[str, ...]
    leaves: tuple[str, ...]
    kept: tuple[bool, ...]
    starts: list[int]
    stops: list[int]
    labels: list[str]
    scored: bool
    place: str


class Digest:
    """A hash of trees: their leaves, tags, labels and brackets, in any notation."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, tree: Flat) -> None:
        leaves = "\x1f".join(tree.leaves), "\x1f".join(tag or "" for tag in tree.tags)
        self._hash.update(f"{leaves}{tree.labels}{tree.starts}{tree.stops}".encode("utf-8", "surrogatepass"))

    def __str__(self) -> str:
        return self._hash.hexdigest()[:12]


class Gold:
    """A treebank to score against. Counts and digest are complete when every sentence has been read.

    `filters` (names in FILTERS) change the trees. The word filter `words` uses the treebank's tags. A
    sentence without words counts as `skipped`, one that a filter drops as `filtered`, one of more words than
    `max_words` as `long`; iterating gives these too. `raised` sums the constituents that lost parts because
    branches crossed. Raises UsageError for an unknown filter, and for a word filter that keeps less than half
    of all leaves.
    """

    def __init__(
        self,
        trees: Iterable[AnyTree],
        words: str = "penn-words",
        max_words: int | None = None,
        filters: str | Sequence[str] = "",
    ) -> None:
        if max_words is not None and max_words < 1:
            raise UsageError(f"expected a length limit of 1 word or more, found {max_words}")
        self.words, self.max_words, self.filters = words, max_words, ",".join(listed(filters))
        self.n_trees = self.skipped = self.filtered = self.long = self.raised = 0
        self.digest = Digest()
        self._is_word: Callable[[str, str | None], bool] = WORD_FILTERS[words]
        self._filter = composed(filters)
        self._trees = iter(trees)
        self._all: list[GoldSentence] | None = None

    def __iter__(self) -> Iterator[GoldSentence]:
        return iter(self._all) if self._all is not None else self._stream()

    def keep(self) -> Gold:
        """Hold all sentences in memory, so that they can be read again."""
        if self._all is None:
            self._all = list(self._stream())
        return self

    @property
    def sentences(self) -> list[GoldSentence]:
        """The sentences to parse and to score."""
        return [sentence for sentence in self.keep() if sentence.scored]

    @property
    def left_out(self) -> dict[str, int]:
        """The number of sentences that no protocol scores, by reason."""
        filtered = {"filtered": self.filtered} if self.filters else {}
        return {"skipped": self.skipped, **filtered, "long": self.long}

    @property
    def keeps_punctuation(self) -> bool:
        dropping = [one for one in listed(self.filters) if one.startswith(("punctuation", "words"))]
        return self.words == "none" and set(dropping) <= {"words:none"}

    def _stream(self) -> Iterator[GoldSentence]:
        n_leaves = n_words = 0
        for tree in self._trees:
            flat = flatten(tree)
            self.digest.add(flat)
            self.n_trees += 1
            self.raised += flat.raised
            mask = list(map(self._is_word, flat.leaves, flat.tags))
            n_leaves += len(flat.tags) - flat.tags.count(EMPTY)
            n_words += sum(mask)
            yield self._sentence(tree, flat, mask)
        _expect_words(n_leaves, n_words, self.words)

    def _sentence(self, tree: AnyTree, flat: Flat, mask: list[bool]) -> GoldSentence:
        """`mask` marks the words among the leaves of the tree."""
        left: Flat | None = flat
        over = mask
        if self.filters:
            left, stays = _what_is_left(tree, self._filter)
            over = list(compress(mask, stays))
            mask = [word and stay for word, stay in zip(mask, stays, strict=True)]
        words = tuple(compress(flat.leaves, mask))
        too_long = left is not None and len(words) > (self.max_words or len(words))
        self.skipped += not words
        self.filtered += bool(words) and left is None
        self.long += too_long
        starts, stops = renumber(over, left.starts, left.stops) if left else ([], [])
        leaves, kept = tuple(flat.leaves), tuple(mask)
        if EMPTY in flat.tags:
            present = [tag != EMPTY for tag in flat.tags]
            leaves, kept = tuple(compress(leaves, present)), tuple(compress(kept, present))
        scored, labels = bool(words and left and not too_long), left.labels if left else []
        return GoldSentence(self.n_trees, words, leaves, kept, starts, stops, labels, scored, flat.place)


def open_gold(
    paths: Sequence[Path],
    format: str | None = None,
    words: str | None = None,
    max_words: int | None = None,
    filters: str | Sequence[str] = "",
) -> Gold:
    """Stream the gold trees of files and folders, with the word filter that suits their format.

    Raises OnlstmError where they cannot be read, UsageError for a format without trees.
    """
    format = treebank_format(paths, format)
    if not format_named(format).has_trees:
        problem = f"expected gold trees, found {format} ({paths[0]}), which has sentences without trees"
        raise UsageError(problem, remedy="name a treebank with constituents")
    trees = read_treebank(paths, format) if filters else read_flat_treebank(paths, format)
    return Gold(trees, words or format_named(format).words, max_words, filters)


def prepare_gold(
    trees: Iterable[AnyTree],
    words: str = "penn-words",
    max_words: int | None = None,
    filters: str | Sequence[str] = "",
) -> Gold:
    """Gold sentences in memory; `sentences` are those to parse and to score."""
    return Gold(trees, words, max_words, filters).keep()


def renumber(kept: Sequence[bool], starts: list[int], stops: list[int]) -> tuple[list[int], list[int]]:
    """Renumber brackets by the leaves that are kept. A bracket that loses all leaves has start = stop."""
    if all(kept):
        return starts, stops
    before = list(accumulate(kept, initial=0))
    return [before[start] for start in starts], [before[stop] for stop in stops]


class _Leaf(str):
    """A leaf with its own identity: filters drop leaves, but make none."""


def _what_is_left(tree: AnyTree, keep: Filter) -> tuple[Flat | None, list[bool]]:
    """The filtered tree, and which leaves are left; None and all leaves if the sentence is dropped."""
    nodes = tree.tree if isinstance(tree, GoldTree) else tree
    if not isinstance(nodes, Tree):
        raise UsageError("filters need trees with nodes", remedy="read them with read_treebank")
    marked: Tree = nodes.fold(_Leaf, lambda node, children: Tree(node.label, children))  # type: ignore[arg-type, assignment]
    leaves, left = marked.flat().leaves, keep(marked)
    if left is None:
        return None, [True] * len(leaves)
    stays = set(map(id, left.flat().leaves))
    return flatten(left), [id(leaf) in stays for leaf in leaves]


def _expect_words(leaves: int, kept: int, filter: str) -> None:
    """Refuse a filter that drops most leaves: it is for another treebank. A few leaves prove nothing."""
    if leaves and (kept == 0 or (leaves >= ENOUGH_LEAVES and 2 * kept < leaves)):
        problem = f"the word filter {filter} keeps only {kept:,} of the treebank's {leaves:,} leaves"
        others = " or ".join(f"--words {name}" for name in WORD_FILTERS if name not in (filter, "penn-words"))
        raise UsageError(problem, remedy=f"its tags or words are of another kind: try {others}")
