"""What counts as a bracket and what a sentence's score is: the protocols by definition.

All are unlabelled and compare sets, so a unary chain counts once; brackets over
one word never count. Published arithmetic is kept to the last digit, the 1e-8 that
keeps divisions from failing included.

- shen2019: the ON-LSTM program's test script.
- kim2019: the Compound PCFG program's `eval.py`; the last bracket is dropped from
  either side, so a unary chain at the root leaves the whole sentence in gold.
- evalb: EVALB's sums with one label for every bracket, COLLINS parameters.
- strict: nothing is scored where gold has no bracket to find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

S = TypeVar("S", bound=tuple)  # (start, stop), perhaps with a label


class Rates(NamedTuple):
    """Of one sentence or of all, from 0 to 1."""

    precision: float
    recall: float
    f1: float


class Protocol(NamedTuple):
    """`brackets` picks what counts of (spans, n_words), spans coming children before parents;
    `rates` turns (matched, predicted, gold) into a sentence's score, None where it has none."""

    min_words: int
    brackets: Callable[[Sequence, int], list]
    rates: Callable[[int, int, int], Rates | None]
    crossing: bool = False


def inside(spans: Sequence[S], n_words: int) -> list[S]:
    """Two words or more, strictly inside the sentence."""
    return [span for span in spans if 1 < span[1] - span[0] < n_words]


def all_wide(spans: Sequence[S], n_words: int) -> list[S]:
    """Two words or more."""
    return [span for span in spans if span[1] - span[0] > 1]


def all_but_last(spans: Sequence[S], n_words: int) -> list[S]:
    """Two words or more, without the last, which is the outermost."""
    return all_wide(spans, n_words)[:-1]


def exact_rates(matched: int, predicted: int, gold: int) -> Rates:
    """No brackets on a side make that side's rate 0."""
    total = predicted + gold
    return Rates(matched / max(predicted, 1), matched / max(gold, 1), 2 * matched / max(total, 1))


def published_rates(matched: int, predicted: int, gold: int) -> Rates:
    """No gold bracket: recall 1, and precision 1 if none was predicted either."""
    precision = matched / (predicted + 1e-8)
    recall = matched / (gold + 1e-8)
    if gold == 0:
        recall = 1.0
        if predicted == 0:
            precision = 1.0
    return Rates(precision, recall, 2 * precision * recall / (precision + recall + 1e-8))


def rates_where_gold(matched: int, predicted: int, gold: int) -> Rates | None:
    """None where there is no gold bracket."""
    return exact_rates(matched, predicted, gold) if gold else None


SHEN2019 = Protocol(min_words=1, brackets=inside, rates=published_rates)
KIM2019 = Protocol(min_words=2, brackets=all_but_last, rates=published_rates)
EVALB = Protocol(min_words=2, brackets=all_wide, rates=exact_rates, crossing=True)
STRICT = Protocol(min_words=1, brackets=inside, rates=rates_where_gold)
