"""The recurrence of the minimal gated unit: `mgu` is fast, `mgu_reference` is plain.

    f = σ(W x_t + U h_{t-1} + b),   ĥ = tanh(W x_t + b + f ∘ (U h_{t-1} + b'))
    h_t = (1 - f) ∘ h_{t-1} + f ∘ ĥ

x (T, B, I), h (B, H); weights (2H, I) and (2H, H), biases (2H,), with rows for f, ĥ. Returns the outputs
(T, B, H), the last state (B, H) and f (T, B, H).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence
from onlstm_parse.ops.split_candidate import split_candidate


def mgu(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """See `mgu_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:
        return mgu_reference(x, h, weight_ih, bias_ih, weight_hh, bias_hh)
    size = h.shape[1]
    cell = Cell("mgu", (size,), gates=3 * size, hidden=size, state=size, extra=size)
    inputs = Inputs(x, *split_candidate(weight_ih, bias_ih, bias_hh, size), dtype)
    return recurrence(cell, inputs, h, h, weight_hh)


def mgu_reference(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step at a time."""
    outputs, forgets = [], []
    for step in linear(x, weight_ih, bias_ih):
        f, from_x = step.to(h.dtype).chunk(2, -1)
        f_h, from_h = linear(h, weight_hh, bias_hh).to(h.dtype).chunk(2, -1)
        f = (f + f_h).sigmoid()
        h = (1 - f) * h + f * (from_x + f * from_h).tanh()
        outputs.append(h)
        forgets.append(f)
    return torch.stack(outputs), h, torch.stack(forgets)
