"""The logarithm of a softmax's denominator, for many rows over a large vocabulary."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.product import product, transposed


def log_normaliser(rows: Tensor, columns: Tensor, bias: Tensor) -> Tensor:
    """log Σ_v exp(rows (N, E) · columnsᵀ (E, V) + bias (V,))_v -> (N,), in the type of the bias.

    Products are in the type of autocast if it is on. The backward pass needs no exponentials: the forward
    pass keeps the softmax.
    """
    dtype = native.compute_type(rows)
    rows, columns = rows.to(dtype), columns.to(dtype)
    if native.compiled_type(bias) is None or dtype not in native.SUFFIXES:
        return torch.add(bias, rows @ columns.t()).logsumexp(1)
    totals: Tensor = _LogNormaliser.apply(rows, columns, bias)
    return totals


class _LogNormaliser(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, columns: Tensor, bias: Tensor) -> Tensor:
        totals, targets = bias.new_empty(len(rows)), torch.full((len(rows),), -1)
        softmax = product(rows, columns)
        sizes = (1, *softmax.shape)
        native.call("cross_entropy", rows.dtype, sizes, (softmax, bias, targets, totals, None))
        ctx.save_for_backward(rows, columns, softmax)
        return totals

    @staticmethod
    def backward(ctx: Any, d_totals: Tensor) -> Any:
        refuse_second_derivatives()
        rows, columns, softmax = ctx.saved_tensors
        weights = d_totals.to(rows.dtype).unsqueeze(1)
        d_rows = weights * product(softmax, transposed(columns))
        d_columns = product(transposed(softmax), transposed(weights * rows))
        d_bias = product(weights.t(), softmax.t()).squeeze(0)
        return d_rows, d_columns, d_bias.to(d_totals.dtype)
