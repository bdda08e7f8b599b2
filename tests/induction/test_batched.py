"""Splitting many sentences at once gives what splitting each gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.induction import TRIVIAL_PARSERS, batched, splitters

LEVELS = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=9), min_size=1, max_size=5)


def as_set(brackets: batched.Brackets) -> set[tuple[int, ...]]:
    found = list(zip(*(part.tolist() for part in brackets), strict=True))
    assert len(found) == len(set(found))
    return set(found)


@given(levels=LEVELS)
@settings(deadline=None)
@pytest.mark.parametrize("rule", ["token_rule", "gap_rule"])
def test_rules_agree_with_the_reference_ties_included(rule, levels):
    reference, skipped = getattr(splitters, rule), 1 if rule == "gap_rule" else 0
    flat = np.array([level for one in levels for level in one[skipped:]], float)
    found = getattr(batched, rule)(flat, np.array(list(map(len, levels))))
    assert as_set(found) == {(i, *span) for i, one in enumerate(levels) for span in reference(one)}


@pytest.mark.parametrize("name", TRIVIAL_PARSERS)
def test_every_parser_makes_binary_trees(name):
    lengths = np.array([1, 7, 2, 30, 7, 1])
    brackets = as_set(batched.trivial(name, lengths, np.random.default_rng(0)))
    for sentence, n_words in enumerate(lengths.tolist()):
        spans = {span[1:] for span in brackets if span[0] == sentence}
        assert len(spans) == n_words - 1
        assert n_words == 1 or (0, n_words) in spans
        assert not any(a < c < b < d for a, b in spans for c, d in spans)


@pytest.mark.parametrize("name", ["left", "right", "balanced"])
def test_what_draws_nothing_is_the_parser_itself(name):
    lengths = np.array([3, 6, 3])
    expected = {(i, *span) for i, n in enumerate(lengths) for span in TRIVIAL_PARSERS[name](n)}
    assert as_set(batched.trivial(name, lengths, np.random.default_rng(0))) == expected


def test_random_trees_are_as_random_as_the_reference():
    """How often each of the five trees over four words comes: by splitting, 1/3 for the balanced one."""
    found = batched.trivial("random", np.full(6000, 4), np.random.default_rng(1))
    trees: dict[int, set] = {}
    for sentence, *span in as_set(found):
        trees.setdefault(sentence, set()).add(tuple(span))
    balanced = sum({(0, 2), (2, 4)} <= spans for spans in trees.values()) / 6000
    assert balanced == pytest.approx(1 / 3, abs=0.03)
