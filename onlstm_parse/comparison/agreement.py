"""Self-F1: how far runs that differ in their seed alone induce the same trees (Williams et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

from onlstm_parse.scoring.protocols import Protocol

Sentences = Sequence[Sequence[tuple[int, int]]]


def self_f1s(runs: Sequence[Sentences], lengths: Sequence[int], protocol: Protocol) -> list[float]:
    """Sentence F1 of each pair of runs, a percentage; `lengths` are those of the sentences, in words."""
    picked = [
        [set(protocol.brackets(spans, n_words)) for spans, n_words in zip(run, lengths, strict=True)]
        for run in runs
    ]
    return [_sentence_f1(one, other, protocol, lengths) for one, other in combinations(picked, 2)]


def _sentence_f1(one: list[set], other: list[set], protocol: Protocol, lengths: Sequence[int]) -> float:
    rates = [
        protocol.rates(len(a & b), len(a), len(b))
        for a, b, n_words in zip(one, other, lengths, strict=True)
        if n_words >= protocol.min_words
    ]
    return 100 * fmean(rate.f1 for rate in rates if rate) if any(rates) else 0.0
