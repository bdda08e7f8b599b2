"""Scores and their signatures: counts of each sentence, their sums, then rates, in percent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from onlstm_parse.errors import OnlstmError
from onlstm_parse.registry import resolve
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.flattening import AnyTree
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.protocols import Columns, Counts, Protocol, exact_rates
from onlstm_parse.scoring.resampling import RESAMPLES, confidence_95
from onlstm_parse.scoring.signature import signature
from onlstm_parse.scoring.statistics import LENGTHS, Batch, Shape, batches
from onlstm_parse.scoring.tally import Tally, tally

if TYPE_CHECKING:
    import pandas as pd

DEPTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10))
WIDTHS = ((2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 40))

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Score:
    """The agreement of trees with a treebank.

    `left_out` gives the number of sentences by reason; `unscored` are those that only the protocol leaves
    out. `raised` counts gold constituents that lost parts because branches crossed. Crossing brackets are
    given for EVALB only. `complete_match` is the share of sentences with exactly the gold brackets.
    `by_depth` is about gold brackets strictly inside the sentence, under every protocol; those that no other
    is around have depth 1. For `shape` see `shape_of`.
    """

    signature: str
    protocol: str
    sentences: int
    unscored: int
    left_out: dict[str, int]
    raised: int
    sentence_f1: float
    sentence_precision: float
    sentence_recall: float
    corpus_f1: float
    corpus_precision: float
    corpus_recall: float
    complete_match: float
    average_crossing: float | None
    no_crossing: float | None
    two_or_less_crossing: float | None
    confidence_95: tuple[float, float] | None
    by_label: Figures = field(repr=False)
    by_length: Figures = field(repr=False)
    by_width: Figures = field(repr=False)
    by_depth: Figures = field(repr=False)
    shape: Figures = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The content of `score --json`, without the baselines."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """Every figure as a row: signature, system, measure, group, value, count. Needs pandas."""
        return resolve("onlstm_parse.display.score_files:frame")([self.to_json()])


def score(
    predicted: Iterable[AnyTree],
    gold: Iterable[AnyTree] | Gold,
    protocol: str = "shen2019",
    *,
    words: str = "penn-words",
    max_words: int | None = None,
    filters: str | Sequence[str] = "",
    extra: Mapping[str, object] | None = None,
) -> Score:
    """Score trees against gold trees, or against the result of `prepare_gold`.

    `words` names a word filter, `max_words` is a limit, and `filters` change the gold trees, unless `gold` is
    prepared. `extra` goes into the signature. Raises OnlstmError if the number of trees or their words
    differ.
    """
    PROTOCOLS[protocol]
    gold = gold if isinstance(gold, Gold) else Gold(gold, words, max_words, filters)
    gathered, digest = tally(predicted, gold, with_baselines=False)
    return score_of(gathered, gold, protocol, {**(extra or {}), "trees": digest})


def reports(
    predicted: Iterable[AnyTree],
    gold: Gold,
    protocols: Iterable[str] = PROTOCOLS,
    *,
    extra: Mapping[str, object] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Any]]:
    """One pass over both sides: for each protocol the score with its baselines, as for JSON.

    If one of several protocols finds no sentence to score, its report says so and has no figures.
    """
    protocols = list(protocols)
    for protocol in protocols:
        PROTOCOLS[protocol]
    gathered, digest = tally(predicted, gold)
    extra = {**(extra or {}), "trees": digest}
    empty = [protocol for protocol in protocols if not len(_scored(gathered, gold, protocol)[1])]
    if len(empty) == len(protocols):
        empty = []  # all are empty: scoring raises the error
    return {
        protocol: _empty_report(gathered, gold, protocol, extra)
        if protocol in empty
        else _report(gathered, gold, protocol, extra, resamples)
        for protocol in protocols
    }


def _report(
    gathered: Tally, gold: Gold, protocol: str, extra: Mapping[str, object], resamples: int
) -> dict[str, Any]:
    assert gathered.baselines
    return {
        **score_of(gathered, gold, protocol, extra, resamples).to_json(),
        "baselines": gathered.baselines.sentence_f1(protocol),
        "baselines_corpus_f1": gathered.baselines.corpus_f1(protocol),
        "baselines_by_length": gathered.baselines.by_length(protocol),
    }


def _empty_report(gathered: Tally, gold: Gold, protocol: str, extra: Mapping[str, object]) -> dict[str, Any]:
    left_out = _scored(gathered, gold, protocol)[2]
    signed = signature(gold, protocol, 0, left_out, extra)
    return {"signature": signed, "protocol": protocol, "sentences": 0, "left_out": left_out}


def score_of(
    gathered: Tally,
    gold: Gold,
    protocol: str,
    extra: Mapping[str, object],
    resamples: int = RESAMPLES,
) -> Score:
    """The score of sums under one protocol; without interval if `resamples` is 0."""
    rules: Protocol = PROTOCOLS[protocol]
    counts, n, left_out = _scored(gathered, gold, protocol)
    if not len(n):
        why = ", ".join(f"{reason} {number:,}" for reason, number in left_out.items())
        raise OnlstmError(f"no sentence is left to score under {protocol}: {why}")
    counted = rules.counted(counts)
    precision, recall, f1 = rules.rates(*counted)
    corpus = _corpus(counted, n)
    matched, predicted, gold_brackets = counted
    exact = (matched == predicted) & (matched == gold_brackets)
    crossing = counts.crossing if rules.crossing else None
    return Score(
        signature=signature(gold, protocol, int(n.sum()), left_out, extra),
        protocol=protocol,
        sentences=int(n.sum()),
        unscored=left_out["short"] + left_out["bare"],
        left_out=left_out,
        raised=gold.raised,
        sentence_f1=_mean(f1, n),
        sentence_precision=_mean(precision, n),
        sentence_recall=_mean(recall, n),
        corpus_f1=100 * float(corpus[2]),
        corpus_precision=100 * float(corpus[0]),
        corpus_recall=100 * float(corpus[1]),
        complete_match=_mean(exact, n),
        average_crossing=None if crossing is None else _mean(crossing, n) / 100,
        no_crossing=None if crossing is None else _mean(crossing == 0, n),
        two_or_less_crossing=None if crossing is None else _mean(crossing <= 2, n),
        confidence_95=confidence_95(100 * f1, n, resamples) if resamples else None,
        by_label=_by_label(gathered, rules),
        by_length=_by_length(counts.words, f1, counted, n),
        by_width=_by_width(gathered, rules, counts, n),
        by_depth=_by_depth(gathered.depths),
        shape={"predicted": shape_of(gathered.predicted_shape), "gold": shape_of(gathered.gold_shape)},
    )


def _scored(gathered: Tally, gold: Gold, protocol: str) -> tuple[Counts, np.ndarray, dict[str, int]]:
    """The different counts of scored sentences, how often each occurs, and the sentences left out."""
    rules: Protocol = PROTOCOLS[protocol]
    everything, numbers = gathered.counts()
    scored = rules.scored(everything)
    counts, n = Counts(*(column[scored] for column in everything)), numbers[scored]
    short = int(numbers[everything.words < rules.min_words].sum())
    bare = int(numbers.sum() - n.sum()) - short
    return counts, n, {**gold.left_out, "short": short, "bare": bare}


def label_counts(gold: Gold, protocol: str) -> dict[str, int]:
    """The number of gold brackets of each label that the protocol counts, most frequent first."""
    gathered = Tally(with_baselines=False)
    for pairs in batches((one, one.starts, one.stops) for one in gold if one.scored):
        gathered.add(Batch(pairs), chain.from_iterable(gold.labels for gold, *_ in pairs))
    return {label: row["count"] for label, row in _by_label(gathered, PROTOCOLS[protocol]).items()}


def shape_of(shape: Shape) -> dict[str, float | None]:
    """Shape of the trees over two words or more; None if there are none.

    `depth` is the mean number of brackets above a word. `left` and `right` are the percentages of inner
    brackets that begin or end with their parent.
    """
    brackets = shape.left + shape.right + shape.middle
    return {
        "depth": shape.depth / shape.trees if shape.trees else None,
        "left": 100 * shape.left / brackets if brackets else None,
        "right": 100 * shape.right / brackets if brackets else None,
    }


def _mean(values: np.ndarray, n: np.ndarray) -> float:
    return 100 * fsum(values * n) / int(n.sum())


def _corpus(counted: Columns, n: np.ndarray) -> Columns:
    return exact_rates(*((column * n).sum() for column in counted))


def _by_label(gathered: Tally, rules: Protocol) -> Figures:
    """Recall and number of each gold label, most frequent first."""
    rows = [(*label.under(rules), name) for name, label in gathered.labels.items()]
    return {
        name: {"recall": 100 * found / count, "count": count}
        for count, found, name in sorted(rows, key=lambda row: (-row[0], row[2]))
        if count
    }


def _by_length(words: np.ndarray, f1: np.ndarray, counted: Columns, n: np.ndarray) -> Figures:
    """F1 of the sentences up to some lengths; None if there are none."""
    matched, predicted, gold = counted
    groups = {f"<={limit}": words <= limit for limit in LENGTHS} | {"all": words > 0}
    return {
        name: {
            "sentences": int(n[group].sum()),
            "sentence_f1": _mean(f1[group], n[group]) if group.any() else None,
            "corpus_f1": 100 * float(_corpus((matched[group], predicted[group], gold[group]), n[group])[2])
            if group.any()
            else None,
        }
        for name, group in groups.items()
    }


def _by_width(gathered: Tally, rules: Protocol, counts: Counts, n: np.ndarray) -> Figures:
    """F1 over all brackets of some widths, in words, with the number of gold brackets."""
    inside = counts.matched, counts.predicted, counts.gold
    size = max(gathered.widths.shape[1], int(counts.words.max()) + 1)
    padded = np.pad(gathered.widths, ((0, 0), (0, size - gathered.widths.shape[1]))).astype(float)
    widths, vain = padded[:3], padded[3]
    if rules.needs_gold:
        widths[1] -= vain
    for row, all_counted, counted_inside in zip(widths, rules.counted(counts), inside, strict=True):
        row += np.bincount(counts.words, (all_counted - counted_inside) * n, minlength=size)
    found = {}
    for name, group in _ranges(WIDTHS):
        matched, predicted, gold = widths[:, group].sum(axis=1)
        f1 = 100 * float(exact_rates(matched, predicted, gold)[2]) if gold or predicted else None
        found[name] = {"f1": f1, "gold": int(gold), "predicted": int(predicted)}
    return found


def _by_depth(depths: np.ndarray) -> Figures:
    """Recall and number of the gold brackets of some depths."""
    sums = {name: depths[:, group].sum(axis=1).tolist() for name, group in _ranges(DEPTHS)}
    return {
        name: {"recall": 100 * found / count if count else None, "count": count}
        for name, (found, count) in sums.items()
    }


def _ranges(bounds: Sequence[tuple[int, int]]) -> Iterator[tuple[str, slice]]:
    """The name of each range of numbers, and its columns; at the end what is larger."""
    for low, high in bounds:
        yield str(low) if low == high else f"{low}-{high}", slice(low, high + 1)
    yield f">{bounds[-1][1]}", slice(bounds[-1][1] + 1, None)
