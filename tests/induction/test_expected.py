"""Expected brackets against a sum over all ways to split, and what holds for every rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.induction import EXPECTATIONS, SPLITTERS
from onlstm_parse.induction import expected as module
from onlstm_parse.induction.expected import expectations

LEVELS = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=7)
RULES = [*EXPECTATIONS]


def likelihoods(levels):
    levels = np.asarray(levels, dtype=np.float64)
    return np.exp((levels - levels.max()) / (levels.std() or 1.0))


def trees(rule, weights, start, stop):
    """Every way to split the words from `start` to `stop`: its probability and its brackets."""
    if stop - start < 2:
        return [(1.0, [])]
    first = start if rule == "expected-token" else start + 1
    total = math.fsum(weights[first:stop])
    found = []
    for k in range(first, stop):
        own, after = {(start, stop)}, k
        if rule == "expected-token":
            after = k + 1
            own |= {(k, stop)} if stop - k > 1 else set()
        for p, left in trees(rule, weights, start, k):
            for q, right in trees(rule, weights, after, stop):
                found.append((p * q * weights[k] / total, [*own, *left, *right]))
    return found


@pytest.mark.parametrize("rule", RULES)
@settings(deadline=None)
@given(levels=LEVELS)
def test_agrees_with_the_sum_over_all_ways_to_split(rule, levels):
    n = len(levels)
    wanted = np.zeros((n, n + 1))
    for probability, brackets in trees(rule, likelihoods(levels), 0, n):
        for span in brackets:
            wanted[span] += probability
    (found,) = expectations(rule, [np.array(levels)])
    for start in range(n):
        assert found[start, start + 2 :] == pytest.approx(wanted[start, start + 2 :], abs=1e-9)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n", [2, 3, 8, 60, 200])
def test_each_drawn_tree_is_binary(rule, n):
    levels = np.random.default_rng(n).random(n)
    (found,) = expectations(rule, [levels])
    wide = np.triu(found[:, 1:], 1)
    assert wide.sum() == pytest.approx(n - 1)
    assert wide.max() == pytest.approx(1.0)
    assert found[0, n] == pytest.approx(1.0)


@pytest.mark.parametrize("rule", RULES)
def test_sentences_of_all_lengths_at_once(rule, monkeypatch):
    random = np.random.default_rng(1)
    levels = [random.random(n).astype(np.float32) for n in (3, 0, 7, 1, 3, 2, 7, 7)]
    together = expectations(rule, levels)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    for one, found in zip(levels, together, strict=True):
        assert found.shape == (len(one), len(one) + 1)
        np.testing.assert_allclose(found, expectations(rule, [one])[0])


def test_equal_levels_split_anywhere():
    (found,) = expectations("expected-gap", [np.full(4, 0.5)])
    assert found[0, 2] == pytest.approx(1 / 3 + 1 / 3 * 1 / 2)  # in the middle; or (a b c) d, then (a b) c
    assert found[0, 3] == pytest.approx(1 / 3)


@pytest.mark.parametrize("rule", RULES)
def test_clear_levels_give_the_greedy_tree(rule):
    """Standing out by many standard deviations needs many words."""
    levels = np.zeros(100)
    levels[50] = 1.0
    (found,) = expectations(rule, [levels])
    assert min(found[0, 50], found[50, 100]) > 0.99
    assert {(0, 50), (50, 100)} <= set(SPLITTERS[rule.removeprefix("expected-")](levels.tolist()))
