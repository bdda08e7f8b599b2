"""The recurrence of ON-GRU as written, one step at a time.

    f̃ = cumax(W x_t + U h_{t-1} + b),   ĩ = 1 - cumax(W x_t + U h_{t-1} + b),   ω = f̃ ∘ ĩ
    r, z = σ(W x_t + U h_{t-1} + b),    ĥ = tanh(W x_t + b + r ∘ (U h_{t-1} + b'))
    h_t = (z ∘ ω + f̃ - ω) ∘ h_{t-1} + ((1 - z) ∘ ω + ĩ - ω) ∘ ĥ

x (T, B, I), h (B, H); weights (3H + 2n, I) and (3H + 2n, H) with rows for master input, master forget
(n each), r, z, ĥ (H each). Returns the outputs (T, B, H), the last state (B, H) and f̃ (T, B, n).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.master_gates import cumax, master_input_gate, ordered_update


def on_gru_reference(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    master_input: str = "complement",
) -> tuple[Tensor, Tensor, Tensor]:
    """One step at a time."""
    size = h.shape[1]
    n = (len(weight_hh) - 3 * size) // 2
    outputs, masters = [], []
    for step in linear(x, weight_ih, bias_ih):
        from_input, from_state = step.to(h.dtype), linear(h, weight_hh, bias_hh).to(h.dtype)
        i_logits, f_logits, gates, sums = (from_input + from_state).split([n, n, 2 * size, size], -1)
        f_master, i_master = cumax(f_logits), master_input_gate(i_logits, master_input)
        r, z = gates.sigmoid().chunk(2, -1)
        candidate = (sums - (1 - r) * from_state[:, -size:]).tanh()
        by_level = (part.view(len(h), n, -1) for part in (z, 1 - z, candidate, h))
        h = ordered_update(f_master.unsqueeze(-1), i_master.unsqueeze(-1), *by_level).flatten(1)
        outputs.append(h)
        masters.append(f_master)
    return torch.stack(outputs), h, torch.stack(masters)
