"""The scores of trivial parsers under every protocol, to compare a score with.

`ceiling` is the best score of binary trees: a tree with every gold bracket.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, stdev

import numpy as np

from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.induction.batched import trivial
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.protocols import Counts, exact_rates
from onlstm_parse.scoring.statistics import LENGTHS, Batch, among, batches, numbered

Figures = dict[str, float | dict[str, float]]

DRAWS = 5
CEILING = "ceiling"
SUMS = 5  # sentences; sum of F1; matched, predicted and gold brackets of the corpus


def generators(name: str) -> list[np.random.Generator]:
    """One generator for each draw of a trivial parser. The draws do not depend on the size of batches."""
    place = list(TRIVIAL_PARSERS).index(name)
    draws = DRAWS if name.startswith("random") else 1
    return [np.random.default_rng([place, draw]) for draw in range(draws)]


class Baselines:
    """Sums for every trivial parser, draw and protocol, added batch by batch.

    Each is (lengths, SUMS): over the sentences up to a length; the last row is over all.
    """

    def __init__(self) -> None:
        self._draws = {
            (name, draw): rng for name in TRIVIAL_PARSERS for draw, rng in enumerate(generators(name))
        }
        self._sums: dict[tuple[str, int], dict[str, np.ndarray]] = {}

    def add(self, batch: Batch) -> None:
        for (name, draw), rng in self._draws.items():
            self._add(name, draw, _counts(batch, name, rng))
        binary = np.maximum(batch.words - 2, 0)
        self._add(CEILING, 0, _beside(batch, batch.gold.per_sentence, binary))

    def sentence_f1(self, protocol: str) -> Figures:
        """In percent; mean and sd for random parsers."""
        return self._figures(protocol, lambda sums: _mean(sums[-1]))

    def corpus_f1(self, protocol: str) -> Figures:
        return self._figures(protocol, lambda sums: 100 * float(exact_rates(*sums[-1, 2:])[2]))

    def by_length(self, protocol: str) -> dict[str, dict[str, float | None]]:
        """Sentence F1, the mean for random parsers; None if no sentence is so short."""
        names = [*(f"<={limit}" for limit in LENGTHS), "all"]
        return {
            name: {
                group: fmean(_mean(sums[row]) for sums in draws) if draws[0][row, 0] else None
                for row, group in enumerate(names)
            }
            for name, draws in self._draws_of(protocol).items()
        }

    def _figures(self, protocol: str, figure: Callable[[np.ndarray], float]) -> Figures:
        found = {name: list(map(figure, draws)) for name, draws in self._draws_of(protocol).items()}
        return {
            name: {"mean": fmean(f1s), "sd": stdev(f1s)} if len(f1s) > 1 else f1s[0]
            for name, f1s in found.items()
        }

    def _draws_of(self, protocol: str) -> dict[str, list[np.ndarray]]:
        found: dict[str, list[np.ndarray]] = {}
        for (name, _), sums in self._sums.items():
            found.setdefault(name, []).append(sums[protocol].cumsum(axis=0))
        return found

    def _add(self, name: str, draw: int, counts: Counts) -> None:
        group = np.searchsorted(LENGTHS, counts.words)
        size = len(LENGTHS) + 1
        known = self._sums.setdefault((name, draw), {p: np.zeros((size, SUMS)) for p in PROTOCOLS})
        for protocol, rules in PROTOCOLS.items():
            scored = rules.scored(counts)
            counted = [column[scored] for column in rules.counted(counts)]
            for place, column in enumerate((None, rules.rates(*counted)[2], *counted)):
                known[protocol][:, place] += np.bincount(group[scored], column, minlength=size)


def _mean(sums: np.ndarray) -> float:
    return float(100 * sums[1] / max(sums[0], 1))


def baselines(gold: Gold, protocol: str = "shen2019") -> Figures:
    """Sentence F1 of each trivial parser on the sentences of `gold`."""
    PROTOCOLS[protocol]
    sums = Baselines()
    for pairs in batches((one, one.starts, one.stops) for one in gold if one.scored):
        sums.add(Batch(pairs))
    return sums.sentence_f1(protocol)


def _counts(batch: Batch, name: str, rng: np.random.Generator) -> Counts:
    brackets = trivial(name, batch.words, rng)
    inside = brackets.stop - brackets.start < batch.words[brackets.sentence]
    found = among(numbered(brackets, batch.words), batch.gold.distinct) & inside
    size = len(batch.words)
    return _beside(
        batch,
        np.bincount(brackets.sentence[found], minlength=size),
        np.bincount(brackets.sentence[inside], minlength=size),
    )


def _beside(batch: Batch, matched: np.ndarray, predicted: np.ndarray) -> Counts:
    """Trivial trees are binary: the whole-sentence bracket occurs once."""
    whole = (batch.words > 1).astype(int)
    gold = batch.gold
    return Counts(batch.words, matched, predicted, gold.per_sentence, whole, gold.whole, np.zeros_like(whole))
