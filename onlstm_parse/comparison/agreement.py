"""Self-F1: how far runs that differ in their seed alone induce the same trees (Williams et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from onlstm_parse.scoring.protocols import Counts, Protocol

Sentences = Sequence[Sequence[tuple[int, int]]]


def self_f1s(runs: Sequence[Sentences], lengths: Sequence[int], protocol: Protocol) -> list[float]:
    """Sentence F1 of each pair of runs, a percentage; `lengths` are those of the sentences, in words."""
    return [_sentence_f1(one, other, protocol, lengths) for one, other in combinations(runs, 2)]


def _sentence_f1(one: Sentences, other: Sentences, protocol: Protocol, lengths: Sequence[int]) -> float:
    rows = []
    for ours, theirs, n_words in zip(one, other, lengths, strict=True):
        (a, whole_a), (b, whole_b) = _inside(ours, n_words), _inside(theirs, n_words)
        rows.append((n_words, len(a & b), len(a), len(b), whole_a, whole_b, 0))
    counts = Counts(*np.array(rows).T)
    scored = protocol.scored(counts)
    f1s = protocol.rates(protocol.tallies(counts)).f1[scored]
    return 100 * float(f1s.mean()) if len(f1s) else 0.0


def _inside(spans: Sequence[tuple[int, int]], n_words: int) -> tuple[set[tuple[int, int]], int]:
    """The brackets strictly inside the sentence, and how often the whole of it is bracketed."""
    wide = [(start, stop) for start, stop in spans if stop - start > 1]
    whole = (0, n_words)
    return set(wide) - {whole}, wide.count(whole)
