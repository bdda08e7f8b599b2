"""MinimalRNN: the input is mapped into the space of the state, and one gate mixes it with the state.

    z_t = tanh(V x_t + b),   u_t = σ(W z_t + U h_{t-1} + b)
    h_t = u_t ∘ h_{t-1} + (1 - u_t) ∘ z_t

Source: Chen 2017, with one layer and tanh as the map of the input.
Levels: 1 - the update gate u averaged over units, the share of the state that a token replaces; hard: the
share of units whose u is below a half.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.minimal_rnn import minimal_rnn
from onlstm_parse.ops.product import Linear


class MinimalRnn(RecurrentLayer):
    """State: h, (B, H)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(hidden_size, hidden_size, hidden_size, config)
        self.enter = Linear(input_size, hidden_size)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (h,) = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h, update = minimal_rnn(self.enter(x).tanh(), h, *weights)
        levels = 1 - (update.round() if self.hard_levels else update).mean(-1)
        return out, (h,), levels
