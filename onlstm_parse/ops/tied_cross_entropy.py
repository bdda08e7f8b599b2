"""Cross-entropy over a vocabulary without ever holding all logits.

The logits of a few hundred tokens at a time are turned into their loss and their gradients in
one pass, so memory does not grow with the number of tokens and nothing is read twice.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from onlstm_parse.ops.first_order import refuse_second_derivatives

ROWS = 512  # logits of 512 tokens by 10,000 words stay near the cache


def tied_cross_entropy(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Mean loss in nats of targets (N,) under softmax(hidden (N, E) · weightᵀ (E, V) + bias (V,))."""
    dtype = hidden.dtype
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
    if torch.is_grad_enabled():
        return _TiedCrossEntropy.apply(hidden.to(dtype), weight.to(dtype), bias, targets)
    return token_losses(hidden.to(dtype), weight.to(dtype), bias, targets).mean()


@torch.no_grad()
def token_losses(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """The loss of each target (N,), in nats; arguments as for `tied_cross_entropy`."""
    losses = [
        cross_entropy(torch.add(bias, rows @ weight.t()), words, reduction="none")
        for rows, words in zip(hidden.split(ROWS), targets.split(ROWS), strict=True)
    ]
    return torch.cat(losses)


class _TiedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros_like(weight, dtype=bias.dtype)
        d_bias = torch.zeros_like(bias)
        loss = bias.new_zeros(())
        for start in range(0, len(targets), ROWS):
            rows, words = hidden[start : start + ROWS], targets[start : start + ROWS].unsqueeze(1)
            logits = torch.add(bias, rows @ weight.t())  # in the type of the bias
            log_total = logits.logsumexp(1, keepdim=True)
            loss += (log_total - logits.gather(1, words)).sum()
            d_logits = logits.sub_(log_total).exp_()
            d_logits.scatter_add_(1, words, -torch.ones_like(log_total))
            d_bias += d_logits.sum(0)
            d_logits = d_logits.to(weight.dtype)
            d_hidden[start : start + ROWS] = d_logits @ weight
            d_weight += d_logits.t() @ rows
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        ctx.dtype = weight.dtype
        return loss / len(targets)

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor) -> Any:
        refuse_second_derivatives()
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        scale = d_loss / len(d_hidden)
        return d_hidden * scale.to(d_hidden.dtype), (d_weight * scale).to(ctx.dtype), d_bias * scale, None
