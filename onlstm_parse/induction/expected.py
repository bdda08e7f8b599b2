"""Expected brackets of a language model's levels: how likely each span is a bracket, if splits are drawn.

A greedy splitter takes the highest level each time, so one wrong level spoils every bracket around it. Here a
span is split at k with probability

    exp(d_k / s) / Σ_l exp(d_l / s),    l over the places where the rule may split the span,

s the standard deviation of the sentence's levels. The probability that a span is a bracket is a sum over all
ways to come to it, from wide spans to narrow ones. CYK then takes the tree of the most expected brackets
(Goodman 1996), as for a grammar. The rules are those of `splitters`, and the token rule leans to the right
here as well.

Work rises with the cube of the number of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from onlstm_parse.induction import EXPECTATIONS

AT_ONCE = 1 << 22  # spans of the sentences that are computed together: bounds the memory


def expectations(rule: str, levels: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The probability of each span i to j as a bracket at [i, j], (n, n + 1) for each sentence's levels (n,).

    `rule` is a name in EXPECTATIONS. Probabilities of single words mean nothing.
    """
    order = sorted(range(len(levels)), key=lambda at: len(levels[at]))
    found: dict[int, np.ndarray] = {}
    for n, same in groupby(order, key=lambda at: len(levels[at])):
        places = [*same]
        step = max(AT_ONCE // (n + 1) ** 2, 1)
        for start in range(0, len(places) if n else 0, step):
            part = places[start : start + step]
            together = np.array([levels[at] for at in part], dtype=np.float64)
            found |= zip(part, EXPECTATIONS[rule](together), strict=True)
    return [found.get(at, np.zeros((0, 1))) for at in range(len(levels))]


def token_rule(levels: np.ndarray) -> np.ndarray:
    """[left, [token k, right]]: levels (B, n) -> probabilities (B, n, n + 1).

    >>> token_rule(np.array([[0.0, 0.0, 0.0]]))[0, 1, 3].round(2)  # k = 0, or k = 1
    np.float64(0.67)
    """
    weights, by_start, by_stop = _begun(levels)
    n = levels.shape[1]
    inner = np.zeros_like(by_stop)  # [token k, right], by its width and stop
    found = np.zeros((n, n + 1, len(levels)))
    for width in range(n, 0, -1):
        drawn, reached = _drawn(
            _windows(weights, width), by_start[: n - width + 1, width], by_stop[width:, width]
        )
        starts = np.arange(n - width + 1)
        found[starts, starts + width] = reached + inner[width:, width]
        by_start[: n - width + 1, :width] += drawn
        by_stop[width:, width - 1 :: -1] += drawn
        inner[width:, width - 1 : 0 : -1] += drawn[:, 1:]
    return found.transpose(2, 0, 1)


def gap_rule(levels: np.ndarray) -> np.ndarray:
    """[left, right], split before a token: levels (B, n) -> probabilities (B, n, n + 1).

    >>> gap_rule(np.array([[0.0, 1.0, 1.0]]))[0, 1, 3].round(2)
    np.float64(0.5)
    """
    weights, by_start, by_stop = _begun(levels)
    n = levels.shape[1]
    found = np.zeros((n, n + 1, len(levels)))
    for width in range(n, 1, -1):
        gaps = _windows(weights[1:], width - 1)
        drawn, reached = _drawn(gaps, by_start[: n - width + 1, width], by_stop[width:, width])
        starts = np.arange(n - width + 1)
        found[starts, starts + width] = reached
        by_start[: n - width + 1, 1:width] += drawn
        by_stop[width:, width - 1 : 0 : -1] += drawn
    return found.transpose(2, 0, 1)


def _begun(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """exp(d / s), (n, B), and the probabilities of spans that are still to be split, by start and by stop.

    At [start, width] and [stop, width]: what is drawn for all left parts of a span is a slice of the first,
    for all right parts one of the second. The whole sentence is there from the start.
    """
    levels = levels.T
    n, sentences = levels.shape
    spread = levels.std(axis=0)
    weights = np.exp((levels - levels.max(axis=0)) / np.where(spread > 0, spread, 1.0))
    by_start, by_stop = np.zeros((2, n + 1, n + 1, sentences))
    by_start[0, n] = 1.0
    return weights, by_start, by_stop


def _windows(weights: np.ndarray, width: int) -> np.ndarray:
    """(starts, width, B): those of each span."""
    return np.lib.stride_tricks.sliding_window_view(weights, width, axis=0).swapaxes(1, 2)


def _drawn(weights: np.ndarray, as_left: np.ndarray, as_right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each split (starts, width, B), and of each span to be reached (starts, B)."""
    reached = as_left + as_right
    return weights * (reached / weights.sum(axis=1))[:, None], reached
