"""CYK: the binary tree whose spans have the largest sum of scores, for a batch of sentences.

Each span has one score, so a parser that scores labels sums over them first. With expected counts as
scores it is the tree of the most expected brackets (Goodman 1996), with votes that of the most votes.

Ties: of splits with the same sum, the one nearest the middle of the span wins, of two equally near the
left one. So a sentence whose spans all score the same gets the balanced tree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import Span

AT_ONCE = 1 << 22  # scores of a part of the batch: bounds the memory


def cyk(scores: np.ndarray, lengths: Sequence[int] | None = None) -> list[list[Span]]:
    """The brackets of each sentence, half-open, children before parents, as splitters give them.

    scores (B, n, n + 1): the span from i to j has its score at [b, i, j], -inf if it is not allowed.
    `lengths` (B,) are the numbers of words; scores behind them are not read. Scores of single words and of
    the whole sentence change nothing. Raises UsageError for NaN or +inf.
    """
    scores = np.asarray(scores, dtype=np.float64)
    sentences, n, _ = scores.shape
    sizes = np.full(sentences, n) if lengths is None else np.asarray(lengths)
    scores = np.where(np.arange(n + 1) <= sizes[:, None, None], scores, 0.0)
    wrong = np.isnan(scores) | (scores == np.inf)
    if wrong.any():
        b, i, j = map(int, np.argwhere(wrong)[0])
        raise UsageError(
            f"expected scores of spans, found {scores[b, i, j]} for words {i} to {j} of sentence {b}"
        )
    step = max(AT_ONCE // max(n * n, 1), 1)
    parts = (_best_splits(scores[start : start + step]) for start in range(0, sentences, step))
    splits = (table for part in parts for table in part)
    return [_brackets(table, int(length)) for table, length in zip(splits, sizes, strict=True)]


def _best_splits(scores: np.ndarray) -> np.ndarray:
    """(B, n, n + 1): for the span that starts at i with width w, the width of its left part at [b, i, w].

    Sums are kept twice, by the start and by the stop of the span: the sums of all left parts of a span, and
    those of all right parts, are then slices. The batch is the last dimension, for long inner loops.
    """
    sentences, n, _ = scores.shape
    scores = np.ascontiguousarray(scores.transpose(1, 2, 0))
    by_start, by_stop = np.zeros((2, n + 1, n + 1, sentences))
    splits = np.zeros((n, n + 1, sentences), np.int16)
    for width in range(2, n + 1):
        starts, left = np.arange(n - width + 1), np.arange(1, width, dtype=np.int16)
        sums = by_start[: n - width + 1, 1:width] + by_stop[width:, width - 1 : 0 : -1]
        best = sums.max(axis=1)
        nearness = (width - np.abs(2 * left - width))[:, None]
        splits[: n - width + 1, width] = ((sums == best[:, None]) * nearness).argmax(axis=1) + 1
        total = best + scores[starts, starts + width]
        by_start[: n - width + 1, width] = by_stop[width:, width] = total
    return splits.transpose(2, 0, 1)


def _brackets(splits: np.ndarray, n: int) -> list[Span]:
    table = splits.tolist()
    brackets: list[Span] = []
    waiting = [(0, n)]
    while waiting:
        start, stop = waiting.pop()
        if stop - start > 1:
            brackets.append((start, stop))
            middle = start + table[start][stop - start]
            waiting += (start, middle), (middle, stop)
    return brackets[::-1]
