"""The CRF over all binary trees: by enumeration, and the compiled form against the plain one."""

import math

import pytest
import torch

from onlstm_parse.ops.log_trees import bracket_probabilities, log_trees, log_trees_reference

TREES = [[(0, 2), (0, 3)], [(1, 3), (0, 3)], [(1, 3), (1, 4)], [(2, 4), (1, 4)], [(0, 2), (2, 4)]]


@pytest.fixture
def scores():
    torch.manual_seed(1)
    return torch.randn(2, 4, 5, dtype=torch.float64)


@pytest.fixture
def weights(scores):
    """Of each of TREES, in the first sentence."""
    return [math.exp(scores[0, 0, 4] + sum(scores[0][span] for span in tree)) for tree in TREES]


@pytest.mark.parametrize("function", [log_trees, log_trees_reference])
def test_the_sum_is_over_all_binary_trees(scores, weights, function):
    found = function(scores, [4, 1])
    assert found[0].item() == pytest.approx(math.log(sum(weights)))
    assert found[1].item() == pytest.approx(0)


@pytest.mark.parametrize("lengths", [[4, 1], [4, 2]])
def test_the_probability_of_a_span_is_the_share_of_the_trees_that_have_it(scores, weights, lengths):
    expected = torch.zeros(4, 5, dtype=torch.float64)
    expected[0, 4] = 1
    for tree, weight in zip(TREES, weights, strict=True):
        for span in tree:
            expected[span] += weight / sum(weights)
    found = bracket_probabilities(scores, lengths)
    torch.testing.assert_close(found[0], expected)
    assert found[1, 0, 2].item() == pytest.approx(lengths[1] - 1)


def test_one_word_has_no_bracket():
    assert bracket_probabilities(torch.ones(1, 1, 2), [1]).abs().sum() == 0


@pytest.mark.parametrize("lengths", [[7, 3, 1, 7], [1], [2], [31]])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_the_fast_form_is_the_reference(lengths, dtype, close):
    torch.manual_seed(len(lengths))
    n = max(lengths)
    scores = (4 * torch.randn(len(lengths), n, n + 1, dtype=dtype)).requires_grad_()
    weights = torch.randn(len(lengths), dtype=dtype)
    both = []
    for function in (log_trees, log_trees_reference):
        found = function(scores, lengths)
        both.append((found, *torch.autograd.grad((found * weights).sum(), scores)))
    for ours, theirs in zip(*both, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=close, atol=close)


def test_gradients_are_those_of_finite_differences(scores):
    assert torch.autograd.gradcheck(lambda given: log_trees(given, [4, 3]), (scores.requires_grad_(),))


def test_extreme_scores_and_forbidden_brackets():
    scores = torch.full((1, 4, 5), -torch.inf)
    for span in TREES[2]:
        scores[0][span] = 1000.0
    scores[0, 0, 4] = -1000.0
    assert log_trees(scores, [4]).item() == pytest.approx(1000.0)
    found = bracket_probabilities(scores, [4])
    assert sorted(map(tuple, (found[0] > 0.999).nonzero().tolist())) == [(0, 4), (1, 3), (1, 4)]
    assert found.sum().item() == pytest.approx(3)


def test_no_tree_at_all():
    scores = torch.full((2, 3, 4), -torch.inf)
    scores[1] = 0.0
    totals = log_trees(scores, [3, 3])
    assert totals.tolist() == [-torch.inf, pytest.approx(math.log(2))]
    assert bracket_probabilities(scores, [3, 3])[1, 0, 3] == 1
