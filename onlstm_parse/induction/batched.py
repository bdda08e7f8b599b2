"""The splitters and trivial parsers for many sentences at once, as arrays.

`splitters.py` is the reference: the brackets are the same, in another order. `lengths` holds the number of
words of each sentence. Brackets are three arrays (sentence, start, stop). Levels are concatenated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from onlstm_parse.induction import TRIVIAL_PARSERS

Array = np.ndarray


class Brackets(NamedTuple):
    """Half-open spans of words, each with the index of its sentence."""

    sentence: Array
    start: Array
    stop: Array


def nearest_higher(heights: Array, step: int, ties: bool) -> Array:
    """For each place, the nearest higher place in direction `step`, -1 or 1 (with `ties`: as high or higher).

    The first and the last place must be infinitely high; their own pointers mean nothing. If a pointer hits a
    lower place, it takes over the pointer of that place, since everything between is lower still. A few
    rounds suffice.
    """
    pointer = np.arange(len(heights)) + step
    waiting = np.flatnonzero(np.isfinite(heights))
    while len(waiting):
        target = pointer[waiting]
        reached = heights[target]
        lower = reached < heights[waiting] if ties else reached <= heights[waiting]
        waiting, target = waiting[lower], target[lower]
        pointer[waiting] = pointer[target]
    return pointer


def token_rule(levels: Array, lengths: Array) -> Brackets:
    """`splitters.token_rule` of each sentence; `levels` holds one height a word."""
    sentence, k, start, stop = _widest(levels, lengths)
    outer = stop - start > 1
    inner = (start < k) & (stop - k > 1)
    return Brackets(
        np.concatenate([sentence[outer], sentence[inner]]),
        np.concatenate([start[outer], k[inner]]),
        np.concatenate([stop[outer], stop[inner]]),
    )


def gap_rule(levels: Array, lengths: Array) -> Brackets:
    """`splitters.gap_rule` of each sentence; `levels` holds a height for each gap: one fewer than words."""
    sentence, _, start, stop = _widest(levels, lengths - 1)
    return Brackets(sentence, start, stop + 1)


def _widest(levels: Array, lengths: Array) -> tuple[Array, Array, Array, Array]:
    """(sentence, k, start, stop) for each k: the widest range whose first maximum is k."""
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(levels)) + sentence + 1  # an infinite height around each sentence
    heights = np.full(len(levels) + len(lengths) + 1, np.inf)
    heights[place] = levels
    wall = (np.cumsum(lengths + 1) - lengths - 1)[sentence]
    start = nearest_higher(heights, -1, ties=True)[place] - wall
    stop = nearest_higher(heights, 1, ties=False)[place] - wall - 1
    return sentence, place - wall - 1, start, stop


def trivial(name: str, lengths: Array, rng: np.random.Generator) -> Brackets:
    """The brackets of the trivial parser `name` for each sentence.

    Random splits are random levels under the gap rule. Parsers that draw nothing are called once for each
    length.
    """
    if name == "random-levels-token":
        return token_rule(rng.random(int(lengths.sum())), lengths)
    if name in ("random", "random-levels-gap"):
        gaps = np.maximum(lengths, 1)
        return gap_rule(rng.random(int((gaps - 1).sum())), gaps)
    parser = TRIVIAL_PARSERS[name]
    shapes = {n: np.array(parser(n, None), np.int64).reshape(-1, 2) for n in np.unique(lengths).tolist()}
    brackets = [shapes[n] for n in lengths.tolist()]
    start, stop = np.concatenate([np.empty((0, 2), np.int64), *brackets]).T
    return Brackets(np.repeat(np.arange(len(lengths)), [len(one) for one in brackets]), start, stop)
