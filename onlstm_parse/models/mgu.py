"""MGU, the minimal gated unit: a GRU with a single gate, which both forgets and resets.

    f = σ(W x_t + U h_{t-1} + b),   ĥ = tanh(W x_t + b + f ∘ (U h_{t-1} + b'))
    h_t = (1 - f) ∘ h_{t-1} + f ∘ ĥ

Source: Zhou et al. 2016, with the gate after the product, as in `gru`: so a step has one product, not two.
Levels: the forget gate f averaged over units, the share of the state that a token replaces; hard: the share
of units whose f is above a half.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.mgu import mgu


class Mgu(RecurrentLayer):
    """State: h, (B, H). Rows of the weights: f, ĥ."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(2 * hidden_size, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (h,) = state
        weights = self.weight_ih, self.bias_ih, self.recurrent_weight(), self.bias_hh
        out, h, forget = mgu(x, h, *weights)
        levels = (forget.round() if self.hard_levels else forget).mean(-1)
        return out, (h,), levels
