"""Ids to batches: continuous streams or single sentences for training, groups of similar length for parsing.

T time steps, B batch; ids are time-major, (T, B), as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from onlstm_parse.errors import OnlstmError
from onlstm_parse.text.corpus import TokenIds
from onlstm_parse.text.vocabulary import EOS_ID

IDS_AT_ONCE = 1 << 22  # read from disk together


class Stream:
    """The text in B columns. Each column is a contiguous part of the text and continues from window to
    window.

    Windows are read by position, so a pass can resume at any step. Every token but the first is predicted
    once a pass, except a remainder of less than B tokens. A text of fewer tokens has fewer columns.
    Where `shares` processes read together, this one reads its `share` of the columns.
    """

    def __init__(
        self, ids: TokenIds | np.ndarray, batch_size: int, bptt: int, share: int = 0, shares: int = 1
    ) -> None:
        """Raises OnlstmError for a text of less than two tokens, and for less columns than shares."""
        predictable = len(ids) - 1
        if predictable < 1:
            raise OnlstmError(f"expected a text of two tokens or more, found {len(ids)}")
        self._ids, self.bptt = ids, bptt
        self.batch_size = min(batch_size, predictable)
        if self.batch_size < shares:
            raise OnlstmError(
                f"{self.batch_size} streams of text cannot be shared by {shares} processes",
                remedy="raise --batch-size, or start less processes",
            )
        first, last = (self.batch_size * at // shares for at in (share, share + 1))
        self._columns = range(first, last)
        self.length = predictable // self.batch_size
        """Time steps of a pass."""
        self.steps = -(-self.length // bptt)
        """Windows of a pass."""

    def window(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets (T, B) int64 of one step; T = bptt, less in the last window."""
        return self.read(step * self.bptt, self.bptt)

    def read(self, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets (T, B) int64 from time step `start` on; T = `length`, less at the end.

        With shares, B counts the columns of this one.
        """
        stop = min(start + length, self.length)
        places = [column * self.length for column in self._columns]
        columns = [self._ids[at + start : at + stop + 1] for at in places]
        block = np.stack(columns, axis=1)
        return block[:-1], block[1:]

    def lengths(self, epoch: int, seed: int) -> list[int]:
        """Window lengths of a pass, varied as by Merity et al. (2018); the same for the same arguments.

        Normal with mean bptt, or half of it in one window of twenty, sd 5, at least 5.
        """
        random = np.random.default_rng([seed, epoch])
        lengths: list[int] = []
        left = self.length
        while left > 0:
            mean = self.bptt if random.random() < 0.95 else self.bptt / 2
            lengths.append(min(left, max(5, int(random.normal(mean, 5)))))
            left -= lengths[-1]
        return lengths


class Sentences:
    """The sentences of a text that have 1 to `max_length` words."""

    def __init__(self, ids: TokenIds | np.ndarray, max_length: int) -> None:
        parts = range(0, len(ids), IDS_AT_ONCE)
        ends = [start + np.flatnonzero(ids[start : start + IDS_AT_ONCE] == EOS_ID) for start in parts]
        stops = np.concatenate([np.zeros(0, np.int64), *ends])
        starts = np.concatenate([[0], stops + 1])[: len(stops)].astype(np.int64)
        kept = (stops > starts) & (stops - starts <= max_length)
        self._ids, self._starts = ids, starts[kept]
        self.lengths: np.ndarray = (stops - starts)[kept]

    def counts(self, vocabulary_size: int) -> np.ndarray:
        """How often each word occurs in the text, (V,)."""
        parts = range(0, len(self._ids), IDS_AT_ONCE)
        found = (np.bincount(self._ids[at : at + IDS_AT_ONCE], minlength=vocabulary_size) for at in parts)
        return sum(found, np.zeros(vocabulary_size, np.int64))

    def __len__(self) -> int:
        return len(self.lengths)

    def read(self, chosen: np.ndarray) -> tuple[np.ndarray, list[int]]:
        """The ids of the chosen sentences, one after another, and their lengths."""
        lengths = self.lengths[chosen].tolist()
        parts = [
            self._ids[start : start + length]
            for start, length in zip(self._starts[chosen].tolist(), lengths, strict=True)
        ]
        return np.concatenate(parts), lengths


def shuffled_by_length(lengths: np.ndarray, size: int, seed: Sequence[int]) -> list[np.ndarray]:
    """Batches of `size` indices of like length, in random order; the same for the same arguments."""
    random = np.random.default_rng(seed)
    order = np.argsort(lengths + random.random(len(lengths)), kind="stable")
    batches = [order[at : at + size] for at in range(0, len(order), size)]
    return [batches[number] for number in random.permutation(len(batches))]


class Batch(NamedTuple):
    """Sentences for one call of a model, in a frame of `steps` × `columns`."""

    sentences: list[int]
    steps: int
    columns: int


def batch_by_length(lengths: Sequence[int], max_tokens: int, padded: bool = True) -> list[Batch]:
    """Group sentences, by index, into batches of similar length, longest first; of equal length unless
    `padded`.

    A frame holds at most `max_tokens`, unless a single sentence is longer. Sides are rounded up so that few
    shapes occur: oneDNN keeps half a megabyte for each shape it has seen.

    >>> batch_by_length([3, 9, 2, 3], max_tokens=9)
    [Batch(sentences=[1], steps=9, columns=1), Batch(sentences=[0, 3, 2], steps=3, columns=3)]
    """
    batches: list[Batch] = []
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    while order:
        longest = lengths[order[0]]
        steps = _rounded_up(longest, 5) if padded else longest
        most = max(max_tokens // max(steps, 1), 1)
        size = len(order) if padded else sum(lengths[index] == longest for index in order[:most])
        taken, order = order[: min(size, most)], order[min(size, most) :]
        batches.append(Batch(taken, steps, min(_rounded_up(len(taken), 3), most)))
    return batches


def _rounded_up(number: int, digits: int) -> int:
    """Round up to `digits` leading binary digits, the rest zero."""
    shift = max(number.bit_length() - digits, 0)
    return -(-number >> shift) << shift
