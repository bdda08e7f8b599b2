"""Statistics of each sentence, their sums, and the score with its signature.

The 95 % interval is the percentile bootstrap of the mean sentence F1 over
resampled sentences: it says how much the choice of sentences moves the score,
nothing about how much training again would.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

from onlstm_parse.errors import OnlstmError
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.alignment import Gold, align, bare, prepare_gold
from onlstm_parse.scoring.protocols import Protocol, Rates, exact_rates
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.reading import GoldTree
from onlstm_parse.version import VERSION

LENGTHS = (10, 20, 40)
RESAMPLES = 1000
_FUNCTION = re.compile(r"[-=].*")  # NP-SBJ-1, NP=2


class Statistics(NamedTuple):
    """Brackets of one sentence."""

    words: int
    matched: int
    predicted: int
    gold: int
    crossing: int


@dataclass(frozen=True)
class Score:
    """How well trees agree with a treebank; rates are percentages.

    `unscored` counts the sentences that a protocol leaves out, `average_crossing`
    the predicted brackets that cross a gold one, a sentence (EVALB only).
    """

    signature: str
    protocol: str
    sentences: int
    unscored: int
    sentence_f1: float
    sentence_precision: float
    sentence_recall: float
    corpus_f1: float
    corpus_precision: float
    corpus_recall: float
    complete_match: float
    average_crossing: float | None
    confidence_95: tuple[float, float]
    by_label: dict[str, dict[str, float]] = field(repr=False)
    by_length: dict[str, dict[str, float | None]] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """What `score --json` prints, but for the baselines."""
        return asdict(self)


def score(
    predicted: Iterable[Tree | GoldTree],
    gold: Iterable[Tree | GoldTree] | Gold,
    protocol: str = "shen2019",
    *,
    words: str = "penn-words",
    max_words: int | None = None,
    extra: Mapping[str, object] | None = None,
) -> Score:
    """Score trees against a treebank's own, or against what `prepare_gold` made of it.

    `words` names a filter and `max_words` a limit, unless `gold` is prepared; `extra`
    is what else moved the score, for the signature. Raises OnlstmError where
    numbers or words of the two sides differ.
    """
    gold = gold if isinstance(gold, Gold) else prepare_gold(gold, words, max_words)
    rules: Protocol = PROTOCOLS[protocol]
    found, labels = _statistics(align([bare(tree) for tree in predicted], gold), gold, rules)
    scored = [(one, rates) for one in found if (rates := rules.rates(*one[1:4]))]
    if not scored:
        raise OnlstmError(f"no sentence is left to score under {protocol}", remedy="raise the length limit")
    mean = _mean(rates for _, rates in scored)
    matched, total, reference = (sum(one[column] for one, _ in scored) for column in (1, 2, 3))
    corpus = exact_rates(matched, total, reference)
    return Score(
        signature=signature(gold, protocol, len(scored), extra),
        protocol=protocol,
        sentences=len(scored),
        unscored=len(gold.sentences) - len(scored),
        sentence_f1=100 * mean.f1,
        sentence_precision=100 * mean.precision,
        sentence_recall=100 * mean.recall,
        corpus_f1=100 * corpus.f1,
        corpus_precision=100 * corpus.precision,
        corpus_recall=100 * corpus.recall,
        complete_match=100 * fmean(one.matched == one.predicted == one.gold for one, _ in scored),
        average_crossing=fmean(one.crossing for one, _ in scored) if rules.crossing else None,
        confidence_95=confidence_95([100 * rates.f1 for _, rates in scored]),
        by_label=labels,
        by_length=_by_length([(one.words, rates.f1) for one, rates in scored]),
    )


def signature(gold: Gold, protocol: str, sentences: int, extra: Mapping[str, object] | None = None) -> str:
    """Everything that moves a score, on one line."""
    parts: dict[str, object] = {"words": gold.words, "max": gold.max_words or "all", **(extra or {})}
    parts |= {"n": sentences, "skipped": gold.skipped, "gold": gold.digest}
    return "|".join([protocol, f"v{VERSION}", *(f"{name}:{value}" for name, value in parts.items())])


def confidence_95(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The percentile bootstrap of the mean."""
    import numpy as np

    draw, array = np.random.default_rng(seed), np.array(values)
    means = [array[draw.integers(len(array), size=len(array))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _statistics(
    predicted: Sequence[Tree], gold: Gold, rules: Protocol
) -> tuple[list[Statistics], dict[str, dict[str, float]]]:
    """Of every sentence long enough, and the recall of each gold label."""
    found = []
    counts: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for tree, sentence in zip(predicted, gold.sentences, strict=True):
        n_words = len(sentence.words)
        if n_words < rules.min_words:
            continue
        labelled = {
            (start, stop, bare_label(label))
            for start, stop, label in rules.brackets(sentence.tree.spans(), n_words)
        }
        wanted = {span[:2] for span in labelled}
        given = {span[:2] for span in rules.brackets(tree.spans(), n_words)}
        counts.update(label for _, _, label in labelled)
        hits.update(label for start, stop, label in labelled if (start, stop) in given)
        crossing = _crossing(given, wanted) if rules.crossing else 0
        found.append(Statistics(n_words, len(given & wanted), len(given), len(wanted), crossing))
    labels = {
        label: {"recall": 100 * hits[label] / count, "count": count} for label, count in counts.most_common()
    }
    return found, labels


def bare_label(label: str) -> str:
    """A label without its function tags and indices.

    >>> [bare_label(label) for label in ("NP-SBJ-1", "NP=2", "-LRB-")]
    ['NP', 'NP', '-LRB-']
    """
    return label if label.startswith("-") else _FUNCTION.sub("", label)


def _crossing(given: set[tuple[int, int]], wanted: set[tuple[int, int]]) -> int:
    return sum(any(a < c < b < d or c < a < d < b for c, d in wanted) for a, b in given - wanted)


def _mean(rates: Iterable[Rates]) -> Rates:
    return Rates(*map(fmean, zip(*rates, strict=True)))


def _by_length(scored: list[tuple[int, float]]) -> dict[str, dict[str, float | None]]:
    """Sentence F1 of the sentences up to some lengths; None where there is none."""
    groups = {f"<={limit}": [f1 for words, f1 in scored if words <= limit] for limit in LENGTHS}
    groups["all"] = [f1 for _, f1 in scored]
    return {
        name: {"sentences": len(f1s), "sentence_f1": 100 * fmean(f1s) if f1s else None}
        for name, f1s in groups.items()
    }
