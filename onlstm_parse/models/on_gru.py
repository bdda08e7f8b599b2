"""ON-GRU: a GRU whose state is ordered by master gates, as ON-LSTM's cell is.

    f̃ = cumax(W x_t + U h_{t-1} + b),   ĩ = 1 - cumax(W x_t + U h_{t-1} + b),   ω = f̃ ∘ ĩ
    r, z = σ(W x_t + U h_{t-1} + b),    ĥ = tanh(W x_t + b + r ∘ (U h_{t-1} + b'))
    h_t = (z ∘ ω + f̃ - ω) ∘ h_{t-1} + ((1 - z) ∘ ω + ĩ - ω) ∘ ĥ

Source: this toolkit's own, after Shen et al. 2019 and Cho et al. 2014.
Levels: d_f = 1 - mean_k f̃(k), the closed share of the master forget gate; hard: its likeliest split.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.master_gates import hard_level
from onlstm_parse.ops.on_gru import on_gru


class OnGru(RecurrentLayer):
    """State: h, (B, H)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        n = hidden_size // config.chunk
        super().__init__(3 * hidden_size + 2 * n, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (h,) = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h, f_master = on_gru(x, h, *weights, self.config.master_input)
        levels = hard_level(f_master) if self.hard_levels else 1 - f_master.mean(-1)
        return out, (h,), levels
