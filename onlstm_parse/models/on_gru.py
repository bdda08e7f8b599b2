"""ON-GRU: a GRU whose state is ordered by master gates, as ON-LSTM's cell is.

    f̃ = cumax(W x_t + U h_{t-1} + b),   ĩ = 1 - cumax(W x_t + U h_{t-1} + b),   ω = f̃ ∘ ĩ
    r, z = σ(W x_t + U h_{t-1} + b),    ĥ = tanh(W x_t + b + r ∘ (U h_{t-1} + b'))
    h_t = (z ∘ ω + f̃ - ω) ∘ h_{t-1} + ((1 - z) ∘ ω + ĩ - ω) ∘ ĥ

Source: this toolkit's own, after Shen et al. 2019 and Cho et al. 2014.
Levels: d_f = 1 - mean_k f̃(k), how much of the master forget gate is shut; hard: its likeliest split.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.onlstm_reference import cumax, hard_level, master_input_gate, ordered_update


class OnGru(RecurrentLayer):
    """State: h, (B, H). Rows of the weights: master input, master forget (n each), r, z, ĥ (H each)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        self.n = hidden_size // config.chunk
        super().__init__(3 * hidden_size + 2 * self.n, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (h,) = state
        recurrent = self.recurrent_weight()
        outputs, masters = [], []
        for step in linear(x, self.weight_ih, self.bias_ih):
            h, f_master = self._step(step.to(h.dtype), linear(h, recurrent, self.bias_hh).to(h.dtype), h)
            outputs.append(h)
            masters.append(f_master)
        forget = torch.stack(masters)
        levels = hard_level(forget) if self.hard_levels else 1 - forget.mean(-1)
        return torch.stack(outputs), (h,), levels

    def _step(self, from_input: Tensor, from_state: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """The two products, (B, 3H + 2n) -> h (B, H) and f̃ (B, n)."""
        n, size = self.n, self.hidden_size
        i_logits, f_logits, gates, z_hat = (from_input + from_state).split([n, n, 2 * size, size], -1)
        f_master = cumax(f_logits)
        i_master = master_input_gate(i_logits, self.config.master_input)
        r, z = gates.sigmoid().chunk(2, -1)
        candidate = (z_hat - (1 - r) * from_state[:, -size:]).tanh()
        f, i, candidate, before = (part.view(-1, n, self.config.chunk) for part in (z, 1 - z, candidate, h))
        new = ordered_update(f_master.unsqueeze(-1), i_master.unsqueeze(-1), f, i, candidate, before)
        return new.flatten(1), f_master
