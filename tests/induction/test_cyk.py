"""CYK against all binary trees, its documented ties, and scores that it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.enumerated import all_trees

from onlstm_parse.errors import UsageError
from onlstm_parse.induction import cyk as module
from onlstm_parse.induction.cyk import cyk
from onlstm_parse.induction.trivial import balanced, left, right
from onlstm_parse.tree import Tree


def total(scores, brackets):
    return sum(scores[span] for span in brackets)


@pytest.mark.parametrize("n", range(8))
def test_no_tree_has_a_larger_sum(n):
    random = np.random.default_rng(n)
    scores = random.normal(size=(20, n, n + 1))
    for one, found in zip(scores, cyk(scores), strict=True):
        best = max(all_trees(0, n), key=lambda brackets: total(one, brackets))
        assert sorted(found) == sorted(best)


@given(st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_brackets_are_a_binary_tree_children_first(n, seed):
    scores = np.random.default_rng(seed).integers(0, 3, (1, n, n + 1))
    (brackets,) = cyk(scores)
    assert len(brackets) == max(n - 1, 0)
    Tree.from_spans([str(i) for i in range(n)], brackets)  # raises if two cross
    seen = set()
    for start, stop in brackets:
        inner = [span for span in brackets if start <= span[0] and span[1] <= stop and span != (start, stop)]
        assert set(inner) <= seen
        seen.add((start, stop))


def test_lengths_are_mixed_and_padding_is_not_read():
    random = np.random.default_rng(1)
    lengths = [5, 0, 3, 1, 2, 6]
    alone = [random.normal(size=(1, n, n + 1)) for n in lengths]
    padded = np.full((6, 6, 7), np.nan)
    for b, (scores, n) in enumerate(zip(alone, lengths, strict=True)):
        padded[b, :n, : n + 1] = scores[0]
        padded[b, n:, : n + 1] = 0.0  # rows of words that are not there
    assert cyk(padded, lengths) == [cyk(scores)[0] for scores in alone]


@pytest.mark.parametrize("n", [*range(12), 33])
def test_ties_give_the_balanced_tree(n):
    assert sorted(cyk(np.zeros((1, n, n + 1)))[0]) == sorted(balanced(n))


@pytest.mark.parametrize("parser", [left, right, balanced])
def test_a_tree_that_is_scored_alone_is_found(parser):
    n = 40
    scores = np.zeros((1, n, n + 1))
    for span in parser(n):
        scores[0][span] = 1
    assert sorted(cyk(scores)[0]) == sorted(parser(n))


def test_a_span_that_is_not_allowed_is_avoided():
    scores = np.zeros((1, 4, 5))
    scores[0, 0, 2] = -np.inf
    assert cyk(scores) == [[(2, 4), (1, 4), (0, 4)]]  # ties: the left one of the splits near the middle


def test_a_long_sentence_and_parts_of_a_batch(monkeypatch):
    scores = np.random.default_rng(1).normal(size=(2, 500, 501))
    whole = cyk(scores)
    assert [len(brackets) for brackets in whole] == [499, 499]
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assert cyk(scores[:, :30, :31]) == cyk(scores[:1, :30, :31]) + cyk(scores[1:, :30, :31])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    scores = np.zeros((2, 3, 4))
    scores[1, 0, 2] = bad
    with pytest.raises(UsageError, match=f"found {bad} for words 0 to 2 of sentence 1"):
        cyk(scores)
