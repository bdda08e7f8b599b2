"""ON-LSTM: an LSTM whose cell is ordered by a master forget and a master input gate.

    f̃ = cumax(...), ĩ = 1 - cumax(...), ω = f̃ ∘ ĩ
    c_t = (f ∘ ω + f̃ - ω) ∘ c_{t-1} + (i ∘ ω + ĩ - ω) ∘ ĉ,   h_t = o ∘ tanh(c_t)

Source: Shen et al., ICLR 2019; the whole recurrence is in `ops/on_lstm/reference.py`.
Levels: d_f = 1 - mean_k f̃(k), the closed share of the master forget gate; hard: its likeliest split.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.master_gates import hard_level
from onlstm_parse.ops.on_lstm import on_lstm


class OnLstm(RecurrentLayer):
    """State: h (B, H) and c (B, n, C)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        n = hidden_size // config.chunk
        super().__init__(4 * hidden_size + 2 * n, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        h = self.weight_hh.new_zeros(batch, self.hidden_size)
        return h, h.new_zeros(batch, self.hidden_size // self.config.chunk, self.config.chunk)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        h, c = state
        result = on_lstm(
            x,
            h,
            c,
            self.weight_ih,
            self.bias_ih,
            self.recurrent_weight(),
            self.bias_hh,
            self.config.master_input,
        )
        levels = hard_level(result.master_forget) if self.hard_levels else result.level_forget
        return result.out, (result.h, result.c), levels
