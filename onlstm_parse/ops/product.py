"""Products of two matrices, through the library that is fastest for their type.

On a CPU, PyTorch computes fp32 products with MKL, which is half as fast as oneDNN on AMD processors. Only
a private operator of PyTorch reaches oneDNN in fp32; no other file uses it. Without it, products are slower
but the same. bf16 products use oneDNN anyway.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (N, K) · b (M, K)ᵀ + bias (M,) -> (N, M), without gradient."""
    if not a.numel() and bias is None:  # oneDNN refuses K = 0 on processors without AVX-512
        return a.new_zeros(len(a), len(b))
    if _through_onednn(a) or (bias is not None and _adds_bias(a)):
        return torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    return a @ b.t() if bias is None else (a @ b.t()).add_(bias)


def _through_onednn(a: Tensor) -> bool:
    return a.dtype == torch.float32 and a.device.type == "cpu" and has_onednn_linear()


def _adds_bias(a: Tensor) -> bool:
    """Whether oneDNN takes the bias of a bf16 product as well."""
    native_bf16 = a.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return native_bf16 and a.device.type == "cpu" and has_onednn_linear()


@cache
def has_onednn_linear() -> bool:
    """Whether this PyTorch has the private operator, and it computes what it did in earlier versions."""
    if not torch.backends.mkldnn.is_available():
        return False
    a, b, bias = torch.ones(1, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([0.5, 0.0])
    try:
        found = torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    except (AttributeError, RuntimeError):  # no such operator, or one with other arguments
        return False
    return found.tolist() == [[3.5, 7.0]]


def transposed(a: Tensor) -> Tensor:
    """aᵀ of a contiguous a, as `product` needs it: oneDNN would copy a transposed view again and again, and
    slowly."""
    onednn = _through_onednn(a) or (a.dtype == torch.bfloat16 and a.device.type == "cpu")
    if not onednn or native.library(a.dtype) is None:
        return a.t()
    out = a.new_empty(a.shape[1], a.shape[0])
    native.call("transpose", a.dtype, (1, *a.shape), (a, out))
    return out


class Linear(nn.Linear):
    """`torch.nn.Linear` with its fp32 products through the fastest library."""

    def forward(self, input: Tensor) -> Tensor:
        if torch.is_autocast_enabled(input.device.type) or not _through_onednn(input):
            return super().forward(input)
        return project(input, self.weight, self.bias, input.dtype)


def project(x: Tensor, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """`torch.nn.functional.linear` in `dtype`; x (..., K), weight (M, K), bias (M,) -> (..., M)."""
    return _Project.apply(x.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype))


class _Project(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x.flatten(0, -2), weight, bias).unflatten(0, x.shape[:-1])

    @staticmethod
    def backward(ctx: Any, d_out: Tensor) -> Any:
        refuse_second_derivatives()
        x, weight = ctx.saved_tensors
        flat, inputs = d_out.flatten(0, -2).contiguous(), x.flatten(0, -2).contiguous()
        needs_x, needs_weight, needs_bias, *_ = ctx.needs_input_grad
        d_x = product(flat, transposed(weight)).view_as(x) if needs_x else None
        d_weight = product(transposed(flat), transposed(inputs)) if needs_weight else None
        return d_x, d_weight, flat.sum(0) if needs_bias else None
