"""Compare two systems on the same sentences, or the runs of one system with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from statistics import fmean, stdev
from typing import Any

import numpy as np

from onlstm_parse.errors import UsageError
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.flattening import AnyTree
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.metrics import Score, score, score_of
from onlstm_parse.scoring.protocols import Counts, Protocol, exact_rates
from onlstm_parse.scoring.resampling import RESAMPLES, paired_difference
from onlstm_parse.scoring.tally import Tally, tally

Array = np.ndarray


def compare(
    ours: Iterable[AnyTree],
    theirs: Iterable[AnyTree],
    gold: Gold,
    protocol: str = "shen2019",
    *,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """The scores of two systems, and the differences of their sentence and corpus F1, with 95 % interval and
    p.

    Positive differences favour `ours`. Raises what `score` raises.
    """
    rules: Protocol = PROTOCOLS[protocol]
    if resamples < 1:
        raise UsageError(f"expected 1 resample or more, found {resamples}")
    gold.keep()  # for two passes
    systems: list[Score] = []
    columns: list[Array] = []
    for predicted in (ours, theirs):
        gathered, digest = tally(predicted, gold, with_baselines=False, with_sentences=True)
        systems.append(score_of(gathered, gold, protocol, {"trees": digest}, resamples))
        columns.append(_columns(gathered, rules))
    a, b = columns
    n = len(a)
    return {
        "protocol": protocol,
        "sentences": n,
        "systems": [system.to_json() for system in systems],
        "sentence_f1": paired_difference(a, b, lambda sums: 100 * sums[:, 0] / n, resamples),
        "corpus_f1": paired_difference(a, b, _corpus_f1, resamples),
    }


def between(
    runs: Sequence[Callable[[], Iterable[AnyTree]]],
    protocol: str = "shen2019",
    *,
    words: str = "none",
    max_words: int | None = None,
    filters: str | Sequence[str] = "",
) -> dict[str, Any]:
    """Self-F1: score the trees of each run against those of every earlier run, and summarise the pairs.

    A run is a function that returns its trees; it is called once for each pair. Raises what `score` raises.
    """
    if len(runs) < 2:
        raise UsageError(f"expected two runs or more, found {len(runs)}")
    pairs: list[dict[str, Any]] = []
    for one, other in combinations(range(len(runs)), 2):
        settings: dict[str, Any] = {"words": words, "max_words": max_words, "filters": filters}
        found = score(runs[other](), runs[one](), protocol, **settings)
        figures = {"sentence_f1": found.sentence_f1, "corpus_f1": found.corpus_f1}
        pairs.append({"runs": [one, other], "signature": found.signature, **figures})
    report: dict[str, Any] = {"protocol": protocol, "runs": len(runs), "pairs": pairs}
    for name in ("sentence_f1", "corpus_f1"):
        f1s = [pair[name] for pair in pairs]
        spread = stdev(f1s) if len(f1s) > 1 else None
        report[name] = {"mean": fmean(f1s), "sd": spread, "min": min(f1s), "max": max(f1s)}
    return report


def _columns(gathered: Tally, rules: Protocol) -> Array:
    """(sentences, 4): F1 and brackets of each sentence that is scored."""
    assert gathered.sentences is not None
    counts = Counts(*(np.concatenate(column) for column in zip(*gathered.sentences, strict=True)))
    scored = rules.scored(counts)
    counted = [column[scored] for column in rules.counted(counts)]
    return np.stack([rules.rates(*counted)[2], *counted], axis=1).astype(float)


def _corpus_f1(sums: Array) -> Array:
    return 100 * exact_rates(*sums[:, 1:].T)[2]
