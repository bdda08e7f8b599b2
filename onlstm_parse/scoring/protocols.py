"""What a sentence's score is, given its counts: the protocols by definition.

All are unlabelled and compare sets, so a unary chain counts once; brackets over
one word never count. They differ in three things: which sentences take part, when
the whole-sentence bracket counts, and what becomes of sentences without brackets.
Published arithmetic is kept to the last digit, the 1e-8 that keeps divisions from
failing included.

- shen2019: the ON-LSTM program's test script.
- kim2019: the Compound PCFG program's `eval.py`. It drops the last bracket, the
  outermost, from either side, so a unary chain at the root leaves the whole sentence.
- evalb: EVALB's sums with one label for every bracket, COLLINS parameters.
- strict: nothing is scored where gold has no bracket to find.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Counts(NamedTuple):
    """Brackets of each sentence, as arrays: those strictly inside it, and the whole-sentence ones.

    `crossing` are predicted brackets that cross a gold one; `whole_...` say how often the
    whole sentence of two words or more is bracketed.
    """

    words: Array
    matched: Array
    predicted: Array
    gold: Array
    whole_predicted: Array
    whole_gold: Array
    crossing: Array


class Tallies(NamedTuple):
    """The brackets that a protocol counts in each sentence."""

    matched: Array
    predicted: Array
    gold: Array


class Rates(NamedTuple):
    """Of each sentence or of all, from 0 to 1."""

    precision: Array
    recall: Array
    f1: Array


class Protocol(NamedTuple):
    """`whole` is how often the whole-sentence bracket must stand to be counted, None for never."""

    min_words: int
    whole: int | None
    rates: Callable[[Tallies], Rates]
    needs_gold: bool = False
    crossing: bool = False

    def tallies(self, counts: Counts) -> Tallies:
        inside = Tallies(*counts[1:4])
        if self.whole is None:
            return inside
        predicted = counts.whole_predicted >= self.whole
        gold = counts.whole_gold >= self.whole
        return Tallies(inside.matched + (predicted & gold), inside.predicted + predicted, inside.gold + gold)

    def scored(self, counts: Counts) -> Array:
        """Which sentences take part, as booleans."""
        long_enough = counts.words >= self.min_words
        return long_enough & (self.tallies(counts).gold > 0) if self.needs_gold else long_enough


def exact_rates(tallies: Tallies) -> Rates:
    """No brackets on a side make that side's rate 0."""
    matched, predicted, gold = tallies
    return Rates(
        matched / np.maximum(predicted, 1),
        matched / np.maximum(gold, 1),
        2 * matched / np.maximum(predicted + gold, 1),
    )


def published_rates(tallies: Tallies) -> Rates:
    """No gold bracket: recall 1, and precision 1 if none was predicted either."""
    matched, predicted, gold = tallies
    recall = np.where(gold == 0, 1.0, matched / (gold + 1e-8))
    precision = np.where((gold == 0) & (predicted == 0), 1.0, matched / (predicted + 1e-8))
    return Rates(precision, recall, 2 * precision * recall / (precision + recall + 1e-8))


SHEN2019 = Protocol(min_words=1, whole=None, rates=published_rates)
KIM2019 = Protocol(min_words=2, whole=2, rates=published_rates)
EVALB = Protocol(min_words=2, whole=1, rates=exact_rates, crossing=True)
STRICT = Protocol(min_words=1, whole=None, rates=exact_rates, needs_gold=True)
