"""The recurrence of the LSTM with peepholes: `lstm_peephole` is fast, `lstm_peephole_reference` is plain.

    i, f = σ(W x_t + U h_{t-1} + w ∘ c_{t-1} + b),   ĉ = tanh(W x_t + U h_{t-1} + b)
    c_t = f ∘ c_{t-1} + i ∘ ĉ
    o = σ(W x_t + U h_{t-1} + w ∘ c_t + b),   h_t = o ∘ tanh(c_t)

x (T, B, I), h and c (B, H); weights (4H, I) and (4H, H), biases (4H,), with rows for i, f, ĉ, o; peepholes w
(3, H) of i, f, o. Returns the outputs (T, B, H), the last h and c (B, H), and f (T, B, H).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence


def lstm_peephole(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    peepholes: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `lstm_peephole_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:
        return lstm_peephole_reference(x, h, c, weight_ih, bias_ih, weight_hh, bias_hh, peepholes)
    size = h.shape[1]
    cell = Cell("lstm_peephole", (size,), gates=4 * size, hidden=size, state=4 * size, extra=size)
    # The peepholes travel with c: so the loop needs no weights but U, and sums their gradient.
    state = torch.cat((c, peepholes.flatten().expand(len(c), -1)), -1)
    inputs = Inputs(x, weight_ih, bias_ih + bias_hh, dtype)
    out, last, forget = recurrence(cell, inputs, h, state, weight_hh)
    return out, out[-1].to(h.dtype), last[:, :size], forget


def lstm_peephole_reference(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    peepholes: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One step at a time."""
    to_input, to_forget, to_output = peepholes
    outputs, forgets = [], []
    for step in linear(x, weight_ih, bias_ih):
        i, f, z, o = (step + linear(h, weight_hh, bias_hh)).to(c.dtype).chunk(4, -1)
        i, f = (i + to_input * c).sigmoid(), (f + to_forget * c).sigmoid()
        c = f * c + i * z.tanh()
        h = (o + to_output * c).sigmoid() * c.tanh()
        outputs.append(h)
        forgets.append(f)
    return torch.stack(outputs), h, c, torch.stack(forgets)
