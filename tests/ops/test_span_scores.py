"""Scores of spans from their two ends: the compiled form against the plain one."""

import pytest
import torch

from onlstm_parse.ops.span_scores import span_scores, span_scores_reference

SIZES = [(7, [5, 1, 3]), (16, [1]), (33, [2, 2]), (128, [11, 4])]


def given(units, lengths, dtype):
    torch.manual_seed(1)
    posts = torch.randn(len(lengths), max(lengths) + 1, units, dtype=dtype)
    bias, weight = torch.randn(2, units, dtype=dtype)
    return [part.clone().requires_grad_() for part in (posts, bias, weight)]


def test_a_span_is_the_difference_of_its_ends():
    posts, bias, weight = given(3, [2], torch.float64)
    for function in (span_scores, span_scores_reference):
        scores = function(posts, bias, weight, [2])
        assert scores.shape == (1, 2, 3)
        for start, stop in [(0, 1), (0, 2), (1, 2)]:
            expected = (posts[0, stop] - posts[0, start] + bias).relu() @ weight
            assert scores[0, start, stop].item() == pytest.approx(expected.item())
        assert scores[0, 0, 0] == scores[0, 1, 0] == scores[0, 1, 1] == 0


@pytest.mark.parametrize(("units", "lengths"), SIZES)
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_the_fast_form_is_the_reference(units, lengths, dtype, close):
    both = []
    for function in (span_scores, span_scores_reference):
        leaves = given(units, lengths, dtype)
        scores = function(*leaves, lengths)
        weights = torch.randn(scores.shape, generator=torch.Generator().manual_seed(2)).to(dtype)
        both.append((scores, *torch.autograd.grad((scores * weights).sum(), leaves)))
    for ours, theirs in zip(*both, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=close, atol=close)


def test_gradients_are_those_of_finite_differences():
    leaves = given(4, [3, 2], torch.float64)
    assert torch.autograd.gradcheck(lambda *parts: span_scores(*parts, [3, 2]), leaves)
