"""Gather all that a score needs in one pass and in constant memory.

Sentences with the same counts are counted together: there are few different ones. No tree is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import numpy as np

from onlstm_parse.scoring.alignment import align
from onlstm_parse.scoring.flattening import AnyTree
from onlstm_parse.scoring.gold import Digest, Gold
from onlstm_parse.scoring.protocols import Counts, Protocol
from onlstm_parse.scoring.statistics import Batch, Shape, batches
from onlstm_parse.scoring.trivial import Baselines
from onlstm_parse.treebanks.filters import bare_label


class Label(NamedTuple):
    """How often a gold label occurs and is found; see `statistics.Labels`."""

    inside: int = 0
    inside_found: int = 0
    whole: int = 0
    inner: int = 0
    inner_found: int = 0

    def under(self, protocol: Protocol) -> tuple[int, int]:
        """The brackets with this label that the protocol counts, and how many of them were found."""
        if protocol.whole is None:
            return self.inside, self.inside_found
        if protocol.whole == 1:  # every prediction brackets the whole sentence
            return self.inside + self.whole, self.inside_found + self.whole
        return self.inside + self.inner, self.inside_found + self.inner_found


class Tally:
    """The sums of many sentences for all protocols. `sentences` keeps the counts of batches if asked for."""

    def __init__(self, with_baselines: bool = True, with_sentences: bool = False) -> None:
        self.kinds: Counter[tuple[int, ...]] = Counter()
        self.labels: dict[str, Label] = {}
        self.widths = np.zeros((4, 0), np.int64)
        self.depths = np.zeros((2, 0), np.int64)
        self.predicted_shape = self.gold_shape = Shape(0, 0.0, 0, 0, 0)
        self.baselines = Baselines() if with_baselines else None
        self.sentences: list[Counts] | None = [] if with_sentences else None

    def add(self, batch: Batch, labels: Iterable[str]) -> None:
        """Add a batch; `labels` are those of all its gold brackets."""
        counts = batch.counts()
        self.kinds.update(zip(*(column.tolist() for column in counts), strict=True))
        if self.sentences is not None:
            self.sentences.append(counts)
        self._add_labels(batch, labels)
        self.widths = _padded_sum(self.widths, batch.widths())
        self.depths = _padded_sum(self.depths, batch.depths())
        predicted, gold = batch.shapes()
        self.predicted_shape += predicted
        self.gold_shape += gold
        if self.baselines:
            self.baselines.add(batch)

    def counts(self) -> tuple[Counts, np.ndarray]:
        """The different counts in a fixed order, and the number of sentences with each."""
        kinds = sorted(self.kinds)
        columns = np.array(kinds, np.int64).reshape(-1, len(Counts._fields)).T
        return Counts(*columns), np.array([self.kinds[kind] for kind in kinds], np.int64)

    def _add_labels(self, batch: Batch, labels: Iterable[str]) -> None:
        known: dict[str, int] = {}
        numbers = np.array([known.setdefault(label, len(known)) for label in labels], np.int64)
        names = list(dict.fromkeys(map(bare_label, known)))
        bare = np.array([names.index(bare_label(label)) for label in known], np.int64)
        counted = batch.labels(bare[numbers] if len(numbers) else numbers)
        for number, name in enumerate(names):
            counts = (int(column[number]) if number < len(column) else 0 for column in counted)
            self.labels[name] = Label(*map(sum, zip(self.labels.get(name, Label()), counts, strict=True)))


def _padded_sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum of two tables, of which the one with fewer columns is filled up with zeros."""
    size = max(a.shape[1], b.shape[1])
    return sum(np.pad(part, ((0, 0), (0, size - part.shape[1]))) for part in (a, b))  # type: ignore[return-value]


def tally(
    predicted: Iterable[AnyTree], gold: Gold, with_baselines: bool = True, with_sentences: bool = False
) -> tuple[Tally, Digest]:
    """One pass over both sides; also returns the digest of the predictions. Raises what `align` raises."""
    gathered, digest = Tally(with_baselines, with_sentences), Digest()
    for pairs in batches(align(predicted, gold, digest)):
        gathered.add(Batch(pairs), chain.from_iterable(gold.labels for gold, *_ in pairs))
    return gathered, digest
