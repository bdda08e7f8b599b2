"""The recurrence of the LSTM: `lstm` is fast, `lstm_reference` is plain.

    i, f, o = σ(W x_t + U h_{t-1} + b),   ĉ = tanh(W x_t + U h_{t-1} + b)
    c_t = f ∘ c_{t-1} + i ∘ ĉ,   h_t = o ∘ tanh(c_t)

x (T, B, I), h and c (B, H); weights (4H, I) and (4H, H), biases (4H,), with rows for i, f, ĉ, o as in torch.
Returns the outputs (T, B, H), the last h and c (B, H), and f (T, B, H).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence


def lstm(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `lstm_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:
        return _by_pytorch(x, h, c, weight_ih, bias_ih, weight_hh, bias_hh)
    size = h.shape[1]
    cell = Cell("lstm", (size,), gates=4 * size, hidden=size, state=size, extra=size)
    out, c, forget = recurrence(cell, Inputs(x, weight_ih, bias_ih + bias_hh, dtype), h, c, weight_hh)
    return out, out[-1].to(h.dtype), c, forget


def _by_pytorch(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Through PyTorch's kernels, which are fast on GPUs. They do not return f: it is computed again."""
    weights, first = [weight_ih, weight_hh, bias_ih, bias_hh], (h.unsqueeze(0), c.unsqueeze(0))
    options = True, 1, 0.0, torch.is_grad_enabled(), False, False
    if x.device.type == "cpu" and not torch.cpu._is_avx512_supported():  # oneDNN has no bf16 LSTM for these
        with torch.autocast("cpu", enabled=False):
            out, last, cell = torch.lstm(x.to(h.dtype), first, weights, *options)
    else:
        out, last, cell = torch.lstm(x, first, weights, *options)
    earlier, rows = torch.cat((first[0], out[:-1])), slice(h.shape[1], 2 * h.shape[1])
    f = linear(x, weight_ih[rows], bias_ih[rows]) + linear(earlier, weight_hh[rows], bias_hh[rows])
    return out, last[0].to(h.dtype), cell[0].to(h.dtype), f.to(h.dtype).sigmoid()


def lstm_reference(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One step at a time."""
    outputs, forgets = [], []
    for step in linear(x, weight_ih, bias_ih):
        i, f, z, o = (step + linear(h, weight_hh, bias_hh)).to(c.dtype).chunk(4, -1)
        f = f.sigmoid()
        c = f * c + i.sigmoid() * z.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
        forgets.append(f)
    return torch.stack(outputs), h, c, torch.stack(forgets)
