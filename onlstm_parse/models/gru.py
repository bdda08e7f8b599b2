"""GRU, as `torch.nn.GRU` computes it.

    r, z = σ(W x_t + U h_{t-1} + b),   ĥ = tanh(W x_t + b + r ∘ (U h_{t-1} + b'))
    h_t = z ∘ h_{t-1} + (1 - z) ∘ ĥ

Source: Cho et al. 2014, with the reset gate after the product.
Levels: 1 - the update gate z averaged over units, the share of the state that a token replaces; hard: the
share of units whose z is below a half.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.gru import gru


class Gru(RecurrentLayer):
    """State: h, (B, H). Rows of the weights as in torch: r, z, ĥ."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(3 * hidden_size, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (h,) = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h, update = gru(x, h, *weights)
        levels = 1 - (update.round() if self.hard_levels else update).mean(-1)
        return out, (h,), levels
