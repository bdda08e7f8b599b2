"""Linear recurrences, compiled or in plain PyTorch with gradients by hand. No second derivatives."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.recurrence import Cell, scan


def linear_scan(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """See `linear_scan_reference`: same arguments, same results."""
    a, b = a.to(c.dtype), b.to(c.dtype)
    if compiled_type(c) is None:
        return _Scan.apply(a, b, c)
    units = c.shape[-1]
    cell = Cell("linear_scan", (units,), gates=2 * units, hidden=units, state=units)
    return scan(cell, torch.cat((a, b), -1), c)


def forget_mult(f: Tensor, x: Tensor, c: Tensor) -> Tensor:
    """See `forget_mult_reference`: same arguments, same results."""
    f = f.to(c.dtype)
    return linear_scan(f, (1 - f) * x, c)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        states = torch.empty_like(b)
        before = c
        for t in range(len(a)):
            before = torch.addcmul(b[t], a[t], before, out=states[t])
        ctx.save_for_backward(a, states, c)
        return states

    @staticmethod
    def backward(ctx: Any, d_states: Tensor) -> Any:
        refuse_second_derivatives()
        a, states, c = ctx.saved_tensors
        d_b = torch.empty_like(states)
        d_b[-1] = d_states[-1]
        for t in range(len(a) - 1, 0, -1):
            torch.addcmul(d_states[t - 1], a[t], d_b[t], out=d_b[t - 1])
        before = torch.cat((c.unsqueeze(0), states[:-1]))
        return d_b * before, d_b, a[0] * d_b[0]
