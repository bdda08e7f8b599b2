"""SRU: gates that read only the input, so that a layer is one product and an elementwise recurrence.

    x̂, f, r = W x_t,  σ(W x_t + b),  σ(W x_t + b)
    c_t = f ∘ c_{t-1} + (1 - f) ∘ x̂,   h_t = r ∘ tanh(c_t) + (1 - r) ∘ x_t

Source: Lei et al. 2018, without the elementwise v ∘ c_{t-1} in the gates. If the width changes, x_t is
projected for the highway.
Levels: 1 - the forget gate averaged over units; hard: the share of units whose forget gate is below a half.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import Layer, LayerState, to_width
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.linear_scan import forget_mult
from onlstm_parse.ops.product import Linear


class Sru(Layer):
    """State: c, (B, H)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.gates = Linear(input_size, 2 * hidden_size)
        self.candidate = Linear(input_size, hidden_size, bias=False)
        self.skip = to_width(input_size, hidden_size)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (c,) = state
        f, r = self.gates(x).to(c.dtype).sigmoid().chunk(2, -1)
        cells = forget_mult(f, self.candidate(x).to(c.dtype), c)
        out = r * cells.tanh() + (1 - r) * self.skip(x)
        levels = 1 - (f.round() if self.hard_levels else f).mean(-1)
        return out, (cells[-1],), levels
