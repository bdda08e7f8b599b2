"""The sum over all binary trees of a sentence whose brackets have scores: a CRF over trees."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.inside.reference import Rules, inside_reference


def log_trees(scores: Tensor, lengths: list[int]) -> Tensor:
    """log Σ_trees exp(Σ_brackets scores), (B,): the inside algorithm with one symbol.

    scores (B, n, n + 1) are those of brackets of two words or more, at [b, start, stop]; n is the longest
    sentence. The gradient is the probability of each bracket.
    """
    if native.compiled_type(scores) is None:
        return log_trees_reference(scores, lengths)
    totals: Tensor = _LogTrees.apply(scores.contiguous(), lengths, torch.is_grad_enabled())
    return totals


def log_trees_reference(scores: Tensor, lengths: list[int]) -> Tensor:
    """The same in plain PyTorch, width by width."""
    one = scores.new_ones(1, 2)
    rules = Rules(one, one, scores.new_ones(2))
    totals = inside_reference(rules, scores.new_zeros(sum(lengths), 1), lengths, scores)
    return totals + scores[..., :0].sum()  # a sentence of one word has no bracket


def bracket_probabilities(scores: Tensor, lengths: list[int]) -> Tensor:
    """That each span of two words or more is a bracket, (B, n, n + 1)."""
    with torch.enable_grad():
        scores = scores.detach().requires_grad_()
        total = log_trees(scores, lengths).sum()
    return torch.autograd.grad(total, scores)[0]


class _LogTrees(torch.autograd.Function):
    """The gradients of sentences are apart, so the forward pass gives them, for totals whose own is 1."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, lengths: list[int], with_gradients: bool) -> Tensor:
        totals = scores.new_empty(len(lengths))
        wanted = with_gradients and ctx.needs_input_grad[0]
        probabilities = torch.zeros_like(scores) if wanted else None
        tensors = (torch.tensor(lengths), scores, totals, probabilities)
        native.call("log_trees", scores.dtype, (scores.shape[1], len(lengths)), tensors)
        ctx.probabilities = probabilities
        return totals

    @staticmethod
    def backward(ctx: Any, d_totals: Tensor) -> Any:
        refuse_second_derivatives()
        return ctx.probabilities * d_totals.view(-1, 1, 1), None, None
