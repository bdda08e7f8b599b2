"""Parsers that use nothing but the number of words.

`random_splits` splits at a uniformly random point and repeats in both halves, as the random baselines of
published systems do; it is not uniform over binary trees. Random levels under a rule show what the rule alone
gives. Under the gap rule they have the distribution of `random_splits`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from onlstm_parse.flat import Span
from onlstm_parse.induction.splitters import gap_rule, token_rule


def left(n_words: int, rng: Random | None = None) -> list[Span]:
    """((a b) c) d"""
    return [(0, stop) for stop in range(2, n_words + 1)]


def right(n_words: int, rng: Random | None = None) -> list[Span]:
    """a (b (c d))"""
    return [(start, n_words) for start in reversed(range(n_words - 1))]


def balanced(n_words: int, rng: Random | None = None) -> list[Span]:
    """Split in the middle. With an odd number of words the right half has one more."""
    return _split(n_words, lambda start, stop: (start + stop) // 2)


def random_splits(n_words: int, rng: Random) -> list[Span]:
    """Split anywhere, each point equally likely."""
    draw = rng.random
    return _split(n_words, lambda start, stop: start + 1 + int(draw() * (stop - start - 1)))


def random_levels_token(n_words: int, rng: Random) -> list[Span]:
    """Levels drawn from [0, 1), split by the token rule."""
    return token_rule([rng.random() for _ in range(n_words)])


def random_levels_gap(n_words: int, rng: Random) -> list[Span]:
    """Levels drawn from [0, 1), split by the gap rule."""
    return gap_rule([rng.random() for _ in range(n_words)])


def _split(n_words: int, point: Callable[[int, int], int]) -> list[Span]:
    brackets = []
    waiting = [(0, n_words)]
    while waiting:
        start, stop = waiting.pop()
        if stop - start > 1:
            brackets.append((start, stop))
            middle = point(start, stop)
            waiting += (start, middle), (middle, stop)
    return brackets[::-1]
