"""QRNN: gates by causal convolution, pooled by an elementwise recurrence (fo-pooling).

    z = tanh(W * x),   f, o = σ(V * x),   * over the last `kernel` tokens
    c_t = f ∘ c_{t-1} + (1 - f) ∘ z,   h_t = o ∘ c_t

Source: Bradbury et al. 2017, without zoneout and dense connections.
Levels: 1 - the forget gate averaged over units; hard: the share of units whose forget gate is below a half.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import Layer, LayerState, keep_variance
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.convolution import causal_windows
from onlstm_parse.ops.linear_scan import forget_mult
from onlstm_parse.ops.product import Linear


class Qrnn(Layer):
    """State: c (B, H) and the inputs that the next window still reads, (B, kernel - 1, in)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.kernel = input_size, hidden_size, config.kernel
        self.convolution = Linear(config.kernel * input_size, 3 * hidden_size)
        keep_variance(self.convolution.weight)

    def initial_state(self, batch: int) -> LayerState:
        return self.zeros(batch, self.hidden_size), self.zeros(batch, self.kernel - 1, self.input_size)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        c, past = state
        windows, past = causal_windows(x, past, self.kernel)
        z, f, o = self.convolution(windows.flatten(2)).to(c.dtype).chunk(3, -1)
        f = f.sigmoid()
        cells = forget_mult(f, z.tanh(), c)
        levels = 1 - (f.round() if self.hard_levels else f).mean(-1)
        return o.sigmoid() * cells, (cells[-1], past), levels
