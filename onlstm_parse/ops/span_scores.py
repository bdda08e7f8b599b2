"""The score of every span of a sentence, from the difference of its two ends."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives


def span_scores(fenceposts: Tensor, bias: Tensor, weight: Tensor, lengths: list[int]) -> Tensor:
    """ReLU(fencepost at the stop - that at the start + bias) · weight, (B, n, n + 1) at [b, start, stop].

    fenceposts (B, n + 1, S), bias and weight (S,). What is no span of a sentence has 0.
    """
    if native.compiled_type(fenceposts) is None:
        return span_scores_reference(fenceposts, bias, weight, lengths)
    scores: Tensor = _SpanScores.apply(fenceposts.contiguous(), bias, weight, lengths)
    return scores


def span_scores_reference(fenceposts: Tensor, bias: Tensor, weight: Tensor, lengths: list[int]) -> Tensor:
    """The same in plain PyTorch, with S numbers for each span in memory."""
    scores = (fenceposts.unsqueeze(1) - fenceposts[:, :-1].unsqueeze(2) + bias).relu() @ weight
    place = torch.arange(scores.shape[2], device=scores.device)
    sizes = torch.tensor(lengths, device=scores.device).view(-1, 1, 1)
    return scores.masked_fill((place <= place[:-1, None]) | (place >= sizes + 1), 0.0)


class _SpanScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, fenceposts: Tensor, bias: Tensor, weight: Tensor, lengths: list[int]) -> Tensor:
        given = (torch.tensor(lengths), fenceposts, bias, weight)
        batch, posts, units = fenceposts.shape
        ctx.sizes = posts - 1, batch, units
        scores = fenceposts.new_zeros(batch, posts - 1, posts)
        native.call("span_scores_forward", scores.dtype, ctx.sizes, (*given, scores))
        ctx.save_for_backward(*given)
        return scores

    @staticmethod
    def backward(ctx: Any, d_scores: Tensor) -> Any:
        refuse_second_derivatives()
        lengths, fenceposts, bias, weight = ctx.saved_tensors
        owners = min(torch.get_num_threads(), len(lengths))
        d_fenceposts = torch.zeros_like(fenceposts)
        d_bias, d_weight = (part.new_zeros(owners, len(part)) for part in (bias, weight))
        given = (lengths, fenceposts, bias, weight, d_scores.contiguous())
        found = (d_fenceposts, d_bias, d_weight)
        native.call("span_scores_backward", fenceposts.dtype, ctx.sizes, (*given, *found))
        return d_fenceposts, d_bias.sum(0), d_weight.sum(0), None
