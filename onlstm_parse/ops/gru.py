"""The recurrence of the GRU: `gru` is fast, `gru_reference` is plain.

    r, z = σ(W x_t + U h_{t-1} + b),   ĥ = tanh(W x_t + b + r ∘ (U h_{t-1} + b'))
    h_t = z ∘ h_{t-1} + (1 - z) ∘ ĥ

x (T, B, I), h (B, H); weights (3H, I) and (3H, H), biases (3H,), with rows for r, z, ĥ as in torch.
Returns the outputs (T, B, H), the last state (B, H) and z (T, B, H).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence
from onlstm_parse.ops.split_candidate import split_candidate


def gru(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """See `gru_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:
        return _by_pytorch(x, h, weight_ih, bias_ih, weight_hh, bias_hh)
    size = h.shape[1]
    cell = Cell("gru", (size,), gates=4 * size, hidden=size, state=size, extra=size)
    inputs = Inputs(x, *split_candidate(weight_ih, bias_ih, bias_hh, size), dtype)
    return recurrence(cell, inputs, h, h, weight_hh)


def _by_pytorch(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Through PyTorch's kernels, which are fast on GPUs. They do not return z: it is computed again."""
    weights, training = [weight_ih, weight_hh, bias_ih, bias_hh], torch.is_grad_enabled()
    out, last = torch.gru(x, h.unsqueeze(0), weights, True, 1, 0.0, training, False, False)
    earlier, rows = torch.cat((h.unsqueeze(0), out[:-1])), slice(len(weight_hh) // 3, 2 * len(weight_hh) // 3)
    z = linear(x, weight_ih[rows], bias_ih[rows]) + linear(earlier, weight_hh[rows], bias_hh[rows])
    return out, last[0].to(h.dtype), z.to(h.dtype).sigmoid()


def gru_reference(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step at a time."""
    outputs, updates = [], []
    for step in x:
        r, z, from_x = linear(step, weight_ih, bias_ih).chunk(3, -1)
        r_h, z_h, from_h = linear(h, weight_hh, bias_hh).chunk(3, -1)
        z = (z + z_h).sigmoid()
        h = z * h + (1 - z) * (from_x + (r + r_h).sigmoid() * from_h).tanh()
        outputs.append(h)
        updates.append(z)
    return torch.stack(outputs), h, torch.stack(updates)
