"""Votes of a member: over its own words, over those that count, scaled."""

import numpy as np
import pytest

from onlstm_parse.parsers.opinions import Opinion


def chart(n, **spans):
    found = np.zeros((n, n + 1))
    for name, value in spans.items():
        found[int(name[1]), int(name[2])] = value
    return found


def test_a_tree_has_one_vote_for_each_bracket():
    votes = Opinion([0, 1, 2], [(1, 3), (0, 3)]).votes(3)
    np.testing.assert_array_equal(votes, chart(3, s13=1, s03=1))


def test_probabilities_are_scaled_by_those_of_the_own_tree():
    expected = chart(4, s04=1, s02=0.2, s24=0.6, s13=0.1)
    votes = Opinion([0, 1, 2, 3], [(0, 2), (2, 4), (0, 4)], expected).votes(4)
    np.testing.assert_allclose(votes, expected / 0.4)  # (0.2 + 0.6) / 2


@pytest.mark.parametrize("expected", [None, chart(2, s02=1)])
def test_two_words_have_no_bracket_to_scale_by(expected):
    assert Opinion([0, 1], [(0, 2)], expected).votes(2)[0, 2] == 1


def test_words_that_do_not_count_are_left_out():
    """Of a b c d the second does not count: (b c d) and (c d) are the same, and (a b) is one word."""
    expected = chart(4, s04=1, s24=0.5, s14=0.75, s02=0.25)
    opinion = Opinion([0, None, 1, 2], [(2, 4), (1, 4), (0, 4)], expected)
    assert opinion.tree() == {(1, 3), (0, 3)}
    votes = opinion.votes(3) * 0.625  # the mean of 0.5 and 0.75
    assert votes[1, 3] == pytest.approx(0.75)
    assert votes[0, 3] == pytest.approx(1)
    assert votes[0, 2] == 0


def test_words_that_count_and_a_member_does_not_read():
    """Of a b c d the member reads b and d, as two words: its bracket spans what is between them."""
    expected = chart(2, s02=1)
    assert Opinion([1, 3], [(0, 2)]).tree() == {(1, 4)}
    assert Opinion([1, 3], [(0, 2)], expected).votes(4)[1, 4] == 1
    np.testing.assert_array_equal(Opinion([], [], np.zeros((0, 1))).votes(0), np.zeros((0, 1)))
