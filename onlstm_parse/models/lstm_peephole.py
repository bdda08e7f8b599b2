"""LSTM with peepholes: the gates read the cell, and the output gate reads the new cell.

    i, f = σ(W x_t + U h_{t-1} + w ∘ c_{t-1} + b),   ĉ = tanh(W x_t + U h_{t-1} + b)
    c_t = f ∘ c_{t-1} + i ∘ ĉ
    o = σ(W x_t + U h_{t-1} + w ∘ c_t + b),   h_t = o ∘ tanh(c_t)

Source: Gers et al. 2002, in the form of Graves 2013.
Levels: 1 - the forget gate averaged over units; hard: the share of units whose forget gate is below a half.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.lstm_peephole import lstm_peephole


class PeepholeLstm(RecurrentLayer):
    """State: h and c, (B, H) each. Rows of the weights: i, f, ĉ, o; of the peepholes: i, f, o."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(4 * hidden_size, input_size, hidden_size, config)
        self.peephole = nn.Parameter(torch.zeros(3, hidden_size))

    def initial_state(self, batch: int) -> LayerState:
        return self.zeros(batch, self.hidden_size), self.zeros(batch, self.hidden_size)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        h, c = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h, c, forget = lstm_peephole(x, h, c, *weights, self.peephole)
        levels = 1 - (forget.round() if self.hard_levels else forget).mean(-1)
        return out, (h, c), levels
