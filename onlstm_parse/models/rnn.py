"""The simple recurrent network, as `torch.nn.RNN` computes it.

    h_t = tanh(W x_t + U h_{t-1} + b)

Source: Elman 1990.
Levels: the movement of the state, the mean over units of |h_t - h_{t-1}| / 2; hard: the share of units
whose sign changes.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.movement import movement
from onlstm_parse.ops.rnn import rnn


class Rnn(RecurrentLayer):
    """State: h, (B, H)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(hidden_size, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (h,) = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h_next = rnn(x, h, *weights)
        return out, (h_next,), movement(out, h, self.hard_levels)
