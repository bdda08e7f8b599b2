"""Counts of every sentence of a batch, as arrays: what all protocols share.

A bracket is a number: an offset for its sentence, plus the place of (start, stop) in the sentence's square. A
set of brackets is a sorted array of such numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from onlstm_parse.induction.batched import Brackets, nearest_higher
from onlstm_parse.scoring.alignment import Pair
from onlstm_parse.scoring.protocols import Counts

Array = np.ndarray
LENGTHS = (10, 20, 40)  # words; F1 is given for the sentences up to each length
LABELS = 1 << 16  # more than any treebank has
BATCH = 1000  # sentences
BATCH_WORDS = 50_000


class Shape(NamedTuple):
    """The shape of the trees over two words or more. `depth` sums the mean number of brackets over a word.

    `left` and `right` count the brackets that begin or end with their parent bracket, `middle` the others.
    Whole-sentence brackets have no parent and are not counted.
    """

    trees: int
    depth: float
    left: int
    right: int
    middle: int

    def __add__(self, other: Shape) -> Shape:  # type: ignore[override]
        return Shape._make(map(sum, zip(self, other, strict=True)))


class Labels(NamedTuple):
    """How often each gold label (by number) occurs, and how often its bracket is found.

    `inside`: strictly inside the sentence. `whole`: over the whole sentence. `inner`: over the whole
    sentence, but not the outermost bracket.
    """

    inside: Array
    inside_found: Array
    whole: Array
    inner: Array
    inner_found: Array


class Side:
    """The brackets of one side of a batch, without one-word brackets."""

    def __init__(self, starts: Sequence[Sequence[int]], stops: Sequence[Sequence[int]], words: Array) -> None:
        start, stop = (np.fromiter(chain.from_iterable(side), np.int64) for side in (starts, stops))
        sentence = np.repeat(np.arange(len(words)), list(map(len, starts)))
        self.words, self.wide = words, stop - start > 1
        self.all = Brackets(sentence[self.wide], start[self.wide], stop[self.wide])
        self.numbers = numbered(self.all, words)
        self.is_whole = self.all.stop - self.all.start == words[self.all.sentence]
        self.whole = np.bincount(self.all.sentence[self.is_whole], minlength=len(words))
        inside = ~self.is_whole
        self.distinct, first = np.unique(self.numbers[inside], return_index=True)
        self.inside = Brackets(*(part[inside][first] for part in self.all))
        self.per_sentence = np.bincount(self.inside.sentence, minlength=len(words))

    def depths(self) -> Array:
        """The depth of each distinct bracket strictly inside: 1 + the number of those around it."""
        sentence, start, stop = self.inside
        first = np.cumsum(self.words + 1) - self.words - 1
        begins, ends = start + first[sentence], stop + first[sentence]
        size = int((self.words + 1).sum()) + 1
        around = np.cumsum(np.bincount(begins + 1, minlength=size) - np.bincount(ends, minlength=size))
        # Of the brackets around the first two words of a bracket, the shorter ones with its start are inside.
        shorter = np.arange(len(begins)) - np.searchsorted(begins, begins)
        return around[begins + 1] - shorter

    def gaps(self) -> tuple[Array, Array, Array]:
        """The first gap of each sentence, and for each gap the start and stop of the innermost bracket around
        it.

        Gap k lies before word k. Gaps 0 and n are in no bracket; their values are outside the sentence.
        """
        n = self.words
        first = np.cumsum(n + 1) - n - 1
        whole = np.flatnonzero(n > 1)
        sentence = np.concatenate([self.inside.sentence, whole])
        start = np.concatenate([self.inside.start, np.zeros_like(whole)]) + first[sentence]
        stop = np.concatenate([self.inside.stop, n[whole]]) + first[sentence]
        size = int((n + 1).sum())
        rise = np.bincount(start + 1, minlength=size + 1) - np.bincount(stop, minlength=size + 1)
        heights = -np.cumsum(rise)[:size].astype(float)
        walls = np.concatenate([first, first + n])
        heights[walls] = np.inf
        base = np.repeat(first, n + 1)
        left = nearest_higher(heights, -1, ties=False) - base
        right = nearest_higher(heights, 1, ties=False) - base
        left[walls], right[walls] = -1, n.max() + 1
        return first, left, right


def numbered(brackets: Brackets, words: Array) -> Array:
    side = words + 1
    base = np.cumsum(side * side) - side * side
    return base[brackets.sentence] + brackets.start * side[brackets.sentence] + brackets.stop


def among(numbers: Array, known: Array) -> Array:
    """Which of `numbers` occur in `known`, which is sorted."""
    if not len(known):
        return np.zeros(len(numbers), bool)
    return known[np.minimum(np.searchsorted(known, numbers), len(known) - 1)] == numbers


class Batch:
    """The gold and predicted brackets of several sentences."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        golds, starts, stops = zip(*pairs, strict=True)
        self.words = np.array([len(gold.words) for gold in golds], np.int64)
        self.gold = Side([gold.starts for gold in golds], [gold.stops for gold in golds], self.words)
        self.predicted = Side(starts, stops, self.words)
        self.found = among(self.predicted.distinct, self.gold.distinct)
        self._gold_gaps, self._gaps = self.gold.gaps(), self.predicted.gaps()

    def counts(self) -> Counts:
        size = len(self.words)
        inside, (first, left, right) = self.predicted.inside, self._gold_gaps
        start, stop = first[inside.sentence] + inside.start, first[inside.sentence] + inside.stop
        crosses = (right[start] < inside.stop) | (left[stop] > inside.start)
        return Counts(
            self.words,
            np.bincount(inside.sentence[self.found], minlength=size),
            self.predicted.per_sentence,
            self.gold.per_sentence,
            np.minimum(self.predicted.whole, 2),
            np.minimum(self.gold.whole, 2),
            np.bincount(inside.sentence[crosses], minlength=size),
        )

    def widths(self) -> Array:
        """Brackets by width, (4, widest + 1): found, predicted, gold, and predicted where gold has none."""
        given, wanted = (side.inside.stop - side.inside.start for side in (self.predicted, self.gold))
        size = int(self.words.max()) + 1
        vain = given[self.gold.per_sentence[self.predicted.inside.sentence] == 0]
        return np.stack([np.bincount(w, minlength=size) for w in (given[self.found], given, wanted, vain)])

    def depths(self) -> Array:
        """Gold brackets by depth, (2, deepest + 1): found, and all."""
        depths = self.gold.depths()
        found = depths[among(self.gold.distinct, self.predicted.distinct)]
        size = int(depths.max(initial=0)) + 1
        return np.stack([np.bincount(part, minlength=size) for part in (found, depths)])

    def shapes(self) -> tuple[Shape, Shape]:
        """The shapes of the predicted and the gold trees."""
        return _shape(self.predicted, self._gaps), _shape(self.gold, self._gold_gaps)

    def labels(self, numbers: Array) -> Labels:
        """Counts by label; `numbers` are the labels of all gold brackets, below LABELS."""
        gold, label = self.gold, numbers[self.gold.wide]
        whole, sentence = gold.is_whole, gold.all.sentence
        inside = np.unique(gold.numbers[~whole] * LABELS + label[~whole])
        found = among(inside // LABELS, self.predicted.distinct)
        of_whole, of_sentence = label[whole], sentence[whole]
        outermost = np.append(of_sentence[1:] != of_sentence[:-1], True)[: len(of_sentence)]
        pairs = of_sentence * LABELS + of_whole
        inner = np.unique(pairs[~outermost])
        inner_found = self.predicted.whole[inner // LABELS] > 1
        groups = inside, inside[found], np.unique(pairs), inner, inner[inner_found]
        return Labels(*(np.bincount(group % LABELS) for group in groups))


def _shape(side: Side, gaps: tuple[Array, Array, Array]) -> Shape:
    first, left, right = gaps
    sentence, start, stop = side.inside
    begins = (start == 0) | (left[first[sentence] + stop] == start)
    ends = (stop == side.words[sentence]) | (right[first[sentence] + start] == stop)
    several = side.words > 1
    covered = np.bincount(sentence, weights=stop - start, minlength=len(side.words))
    depth = float((covered[several] / side.words[several] + 1).sum())
    n_left, n_right = int(begins.sum()), int(ends.sum())
    return Shape(int(several.sum()), depth, n_left, n_right, len(start) - n_left - n_right)


def batches(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    batch: list[Pair] = []
    n_words = 0
    for pair in pairs:
        batch.append(pair)
        n_words += len(pair[0].words)
        if len(batch) == BATCH or n_words >= BATCH_WORDS:
            yield batch
            batch, n_words = [], 0
    if batch:
        yield batch
