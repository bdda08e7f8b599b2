"""The protocols: the score of a sentence, given its counts.

All are unlabelled and compare sets, so a unary chain counts once. Brackets over one word never count.
Protocols differ in three things: which sentences take part, when the whole-sentence bracket counts, and how
sentences without brackets are scored. The published arithmetic is kept to the last digit, including the 1e-8
that prevents divisions by zero.

- shen2019: the test script of the ON-LSTM program.
- kim2019: `eval.py` of the Compound PCFG program. It drops the last bracket, the outermost one, from either
side. A unary chain at the root therefore leaves the whole-sentence bracket.
- evalb: the sums of EVALB with one label for every bracket and the COLLINS parameters.
- strict: sentences without gold brackets are not scored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Counts(NamedTuple):
    """Brackets of each sentence, as arrays: those strictly inside it, and whole-sentence brackets.

    `crossing` counts predicted brackets that cross a gold one. `whole_...` is how often the whole sentence of
    two words or more is bracketed.
    """

    words: Array
    matched: Array
    predicted: Array
    gold: Array
    whole_predicted: Array
    whole_gold: Array
    crossing: Array


Columns = tuple[Array, Array, Array]
"""Matched, predicted and gold brackets of each sentence; or precision, recall and F1, from 0 to 1."""


class Protocol(NamedTuple):
    """`whole` is how often the whole-sentence bracket must occur to count; None: it never counts."""

    min_words: int
    whole: int | None
    rates: Callable[[Array, Array, Array], Columns]
    needs_gold: bool = False
    crossing: bool = False

    def counted(self, counts: Counts) -> Columns:
        """Matched, predicted and gold brackets of each sentence that this protocol counts."""
        inside = counts.matched, counts.predicted, counts.gold
        if self.whole is None:
            return inside
        predicted = counts.whole_predicted >= self.whole
        gold = counts.whole_gold >= self.whole
        return inside[0] + (predicted & gold), inside[1] + predicted, inside[2] + gold

    def scored(self, counts: Counts) -> Array:
        """Which sentences take part, as booleans."""
        long_enough = counts.words >= self.min_words
        return long_enough & (self.counted(counts)[2] > 0) if self.needs_gold else long_enough


def exact_rates(matched: Array, predicted: Array, gold: Array) -> Columns:
    """Precision, recall and F1; 0 where a side has no brackets."""
    return (
        matched / np.maximum(predicted, 1),
        matched / np.maximum(gold, 1),
        2 * matched / np.maximum(predicted + gold, 1),
    )


def published_rates(matched: Array, predicted: Array, gold: Array) -> Columns:
    """Precision, recall and F1. Without gold brackets recall is 1, and precision too if none is predicted."""
    recall = np.where(gold == 0, 1.0, matched / (gold + 1e-8))
    precision = np.where((gold == 0) & (predicted == 0), 1.0, matched / (predicted + 1e-8))
    return precision, recall, 2 * precision * recall / (precision + recall + 1e-8)


SHEN2019 = Protocol(min_words=1, whole=None, rates=published_rates)
KIM2019 = Protocol(min_words=2, whole=2, rates=published_rates)
EVALB = Protocol(min_words=2, whole=1, rates=exact_rates, crossing=True)
STRICT = Protocol(min_words=1, whole=None, rates=exact_rates, needs_gold=True)
