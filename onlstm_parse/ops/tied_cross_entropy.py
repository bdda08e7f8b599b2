"""Cross-entropy over a vocabulary that never holds all logits.

The logits of some tokens at a time become their losses and gradients in one pass, so memory does not grow
with the number of tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.product import product, transposed

LOGITS = 1 << 23  # held at a time: enough for fast products


def tied_cross_entropy(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Mean loss in nats of targets (N,) under softmax(hidden (N, E) · weightᵀ (E, V) + bias (V,))."""
    dtype = native.compute_type(hidden)
    if torch.is_grad_enabled():
        return _TiedCrossEntropy.apply(hidden.to(dtype), weight.to(dtype), bias, targets)
    return token_losses(hidden.to(dtype), weight.to(dtype), bias, targets).mean()


@torch.no_grad()
def token_losses(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """The loss of each target (N,), in nats; arguments as for `tied_cross_entropy`."""
    rows = _rows(weight)
    losses = [
        cross_entropy(torch.add(bias, product(some, weight)), words, reduction="none")
        for some, words in zip(hidden.split(rows), targets.split(rows), strict=True)
    ]
    return torch.cat(losses)


def _rows(weight: Tensor) -> int:
    return max(LOGITS // len(weight), 64)


class _TiedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros_like(weight, dtype=bias.dtype)
        d_bias = torch.zeros_like(bias)
        flipped = transposed(weight.contiguous())
        compiled = native.compiled_type(bias) is not None and hidden.dtype in native.SUFFIXES
        loss_and_gradient = _compiled if compiled else _plain
        loss = bias.new_zeros(())
        rows = _rows(weight)
        for some, words, d_some in zip(
            hidden.split(rows), targets.split(rows), d_hidden.split(rows), strict=True
        ):
            total, d_logits = loss_and_gradient(product(some, weight), bias, words, d_bias)
            loss += total
            d_some.copy_(product(d_logits, flipped))
            d_weight += d_logits.t() @ some
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        ctx.dtype = weight.dtype
        return loss / len(targets)

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor) -> Any:
        refuse_second_derivatives()
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        scale = d_loss / len(d_hidden)
        return d_hidden * scale.to(d_hidden.dtype), (d_weight * scale).to(ctx.dtype), d_bias * scale, None


def _compiled(logits: Tensor, bias: Tensor, targets: Tensor, d_bias: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of losses; logits (N, V), without bias, become their gradient; d_bias (V,) is added to."""
    losses = bias.new_empty(len(targets))
    sizes = (1, len(targets), logits.shape[1])
    native.call("cross_entropy", logits.dtype, sizes, (logits, bias, targets.contiguous(), losses, d_bias))
    return losses.sum(), logits


def _plain(logits: Tensor, bias: Tensor, targets: Tensor, d_bias: Tensor) -> tuple[Tensor, Tensor]:
    """The same as `_compiled`, in PyTorch."""
    words = targets.unsqueeze(1)
    dtype, logits = logits.dtype, torch.add(bias, logits)  # in the type of the bias
    log_total = logits.logsumexp(1, keepdim=True)
    loss = (log_total - logits.gather(1, words)).sum()
    d_logits = logits.sub_(log_total).exp_()
    d_logits.scatter_add_(1, words, -torch.ones_like(log_total))
    d_bias += d_logits.sum(0)
    return loss, d_logits.to(dtype)
