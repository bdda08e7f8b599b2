"""How much the choice of sentences changes a score: bootstrap and permutation (Efron & Tibshirani 1993).

The 95 % interval is the percentile bootstrap of the mean over resampled sentences. It does not tell how much
another training would change the score. To compare two systems on the same sentences, the bootstrap draws
sentences, and the permutation test swaps the results of the systems sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np

RESAMPLES = 1000
CHUNK = 1 << 22  # numbers in memory at a time

Array = np.ndarray


def confidence_95(
    values: Array, numbers: Array, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The interval of the mean of `values`; each value occurs `numbers` times."""
    distinct, place = np.unique(values, return_inverse=True)
    weights = np.bincount(place, numbers)
    total, rng = int(weights.sum()), np.random.default_rng(seed)
    means: list[float] = []
    step = max(1, CHUNK // len(distinct))
    for done in range(0, resamples, step):
        draws = rng.multinomial(total, weights / total, size=min(step, resamples - done))
        means.extend(draws @ distinct / total)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def wilson_95(share: float, total: int) -> tuple[float, float]:
    """The interval of a share of right answers among `total` (Wilson 1927), in [0, 1].

    It suits few answers, and shares of 0 and 1, where the bootstrap has nothing to draw.

    >>> round(wilson_95(1.0, 6)[0], 3)
    0.61
    """
    z = NormalDist().inv_cdf(0.975)
    middle = share + z * z / (2 * total)
    half = z * ((share * (1 - share) + z * z / (4 * total)) / total) ** 0.5
    scale = 1 + z * z / total
    low, high = (middle - half) / scale, (middle + half) / scale
    return max(min(low, share), 0.0), min(max(high, share), 1.0)  # whatever rounding does


def paired_difference(
    ours: Array, theirs: Array, figure: Callable[[Array], Array], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, float | tuple[float, float]]:
    """The difference between the figures of two systems, and how sure it is.

    `ours` and `theirs` (sentences, columns) are summed over resampled sentences. `figure` turns the sums
    (resamples, columns) into percentages. `p_bootstrap` is twice the share of resamples on the other side of
    0; `p_permutation` is the share of swaps with at least the same difference.
    """
    observed = figure(ours.sum(0)[None]) - figure(theirs.sum(0)[None])
    drawn = np.concatenate(
        [
            figure(w @ ours) - figure(w @ theirs)
            for w in _draws(len(ours), resamples, np.random.default_rng(seed))
        ]
    )
    both, half = (ours + theirs).sum(0) / 2, (ours - theirs) / 2
    swapped = np.concatenate(
        [
            figure(both + s @ half) - figure(both - s @ half)
            for s in _signs(len(ours), resamples, np.random.default_rng(seed + 1))
        ]
    )
    low, high = np.percentile(drawn, [2.5, 97.5])
    beyond = min((drawn <= 0).sum(), (drawn >= 0).sum())
    as_far = (np.abs(swapped) >= abs(observed) - 1e-9).sum()
    return {
        "difference": float(observed[0]),
        "confidence_95": (float(low), float(high)),
        "p_bootstrap": min(1.0, 2 * float(beyond + 1) / (resamples + 1)),
        "p_permutation": float(as_far + 1) / (resamples + 1),
    }


def _draws(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """(resamples, n) in chunks: how often each sentence is drawn."""
    for rows in _rows(n, resamples):
        picks = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _signs(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """(resamples, n) in chunks: 1 where a sentence stays, -1 where the systems swap."""
    for rows in _rows(n, resamples):
        yield 2.0 * rng.integers(2, size=(rows, n)) - 1


def _rows(n: int, resamples: int) -> Iterator[int]:
    step = max(1, CHUNK // n)
    for done in range(0, resamples, step):
        yield min(step, resamples - done)
