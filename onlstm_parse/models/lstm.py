"""LSTM, as `torch.nn.LSTM` computes it.

    i, f, o = σ(W x_t + U h_{t-1} + b),  ĉ = tanh(W x_t + U h_{t-1} + b)
    c_t = f ∘ c_{t-1} + i ∘ ĉ,   h_t = o ∘ tanh(c_t)

Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000.
Levels: 1 - the forget gate averaged over units, the share of the cell that a token erases; hard: the
share of units whose forget gate is below a half.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.lstm import lstm


class Lstm(RecurrentLayer):
    """State: h and c, (B, H) each. Rows of the weights as in torch: i, f, ĉ, o."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(4 * hidden_size, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        return self.zeros(batch, self.hidden_size), self.zeros(batch, self.hidden_size)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        h, c = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h, c, forget = lstm(x, h, c, *weights)
        levels = 1 - (forget.round() if self.hard_levels else forget).mean(-1)
        return out, (h, c), levels
