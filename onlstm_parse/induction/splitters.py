"""Greedy top-down splitting of a sentence at its highest level.

The token rule is that of the ON-LSTM and PRPN programs (Shen et al. 2018, 2019):
at k = argmax(levels) a span becomes [left, [token k, right]]. It reaches only
part of the binary trees and leans to the right (Dyer et al. 2019). The gap rule
splits between token k-1 and token k and has no such bias; levels[0], the height
before the first token, is not used.

Splitting at the maximum again and again is building a Cartesian tree, so one
pass with a stack suffices: linear time, no recursion. Ties go to the first maximum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onlstm_parse.flat import Span


def token_rule(levels: Sequence[float]) -> list[Span]:
    """Brackets of [left, [token k, right]]; `levels` holds one height a token.

    >>> token_rule([0.1, 0.9, 0.3, 0.2])
    [(2, 4), (1, 4), (0, 4)]
    """
    brackets = []
    for start, k, stop in _cartesian(levels):
        if start < k and stop - k > 1:
            brackets.append((k, stop))
        if stop - start > 1:
            brackets.append((start, stop))
    return brackets


def gap_rule(levels: Sequence[float]) -> list[Span]:
    """Brackets of [left, right], split where the height between two tokens is greatest.

    >>> gap_rule([0.1, 0.9, 0.3, 0.2])
    [(2, 4), (1, 4), (0, 4)]
    >>> gap_rule([0.1, 0.2, 0.9, 0.3])
    [(0, 2), (2, 4), (0, 4)]
    """
    return [(start, stop + 1) for start, _, stop in _cartesian(levels[1:])]


def _cartesian(levels: Sequence[float]) -> Iterator[tuple[int, int, int]]:
    """(start, k, stop) for each k: the widest range whose first maximum is k; inner ranges first."""
    waiting: list[tuple[int, int]] = []  # (start, k), with levels that never rise
    for k, level in enumerate(levels):
        start = k
        while waiting and levels[waiting[-1][1]] < level:
            start, lower = waiting.pop()
            yield start, lower, k
        waiting.append((start, k))
    for start, k in reversed(waiting):
        yield start, k, len(levels)
