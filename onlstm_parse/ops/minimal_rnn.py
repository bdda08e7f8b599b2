"""The recurrence of MinimalRNN: `minimal_rnn` is fast, `minimal_rnn_reference` is plain.

    u_t = σ(W z_t + U h_{t-1} + b),   h_t = u_t ∘ h_{t-1} + (1 - u_t) ∘ z_t

z (T, B, H), h (B, H); weights (H, H), biases (H,). Returns the outputs (T, B, H), the last state (B, H) and
u (T, B, H).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.product import project
from onlstm_parse.ops.recurrence import Cell, recurrence_of_gates


def minimal_rnn(
    z: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """See `minimal_rnn_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:
        return minimal_rnn_reference(z, h, weight_ih, bias_ih, weight_hh, bias_hh)
    size = h.shape[1]
    cell = Cell("minimal_rnn", (size,), gates=2 * size, hidden=size, state=size, extra=size)
    gates = torch.cat((project(z, weight_ih, bias_ih + bias_hh, dtype), z.to(dtype)), -1)
    return recurrence_of_gates(cell, gates, h, h, weight_hh)


def minimal_rnn_reference(
    z: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step at a time."""
    outputs, updates = [], []
    for u, candidate in zip(linear(z, weight_ih, bias_ih), z.to(h.dtype), strict=True):
        u = (u + linear(h, weight_hh, bias_hh)).to(h.dtype).sigmoid()
        h = u * h + (1 - u) * candidate
        outputs.append(h)
        updates.append(u)
    return torch.stack(outputs), h, torch.stack(updates)
