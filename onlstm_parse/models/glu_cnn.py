"""Gated convolutional network: causal convolutions with a gate for each unit, and a residual.

    A, B = W * x̄ + b,  V * x̄ + c,   * over the last `kernel` tokens, x̄ the layer norm of x
    linear:   h = x + A ∘ σ(B)
    highway:  h = (1 - σ(B)) ∘ x + σ(B) ∘ A

Source: Dauphin et al. 2017 (layer norm for weight norm, one convolution a block); highway: Gehring's
gate as in DGCNN (Su 2018). If the width changes, x is projected first.
Levels: the gate σ(B) averaged over units, the share that a token lets in; hard: the share of units whose gate
is above a half.
"""

from __future__ import annotations

from torch import Tensor, nn

from onlstm_parse.models.base import Layer, LayerState, to_width
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.convolution import causal_windows
from onlstm_parse.ops.product import Linear


class GluCnn(Layer):
    """State: the normalised inputs that the next window still reads, (B, (kernel - 1) · dilation, in)."""

    residual = True

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig, dilation: int = 1) -> None:
        super().__init__()
        self.input_size, self.config, self.dilation = input_size, config, dilation
        self.norm = nn.LayerNorm(input_size)
        self.convolution = Linear(config.kernel * input_size, 2 * hidden_size)
        self.skip = to_width(input_size, hidden_size)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, (self.config.kernel - 1) * self.dilation, self.input_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        windows, past = causal_windows(self.norm(x), state[0], self.config.kernel, self.dilation)
        a, b = self.convolution(windows.flatten(2)).to(past.dtype).chunk(2, -1)
        gate, through = b.sigmoid(), self.skip(x)
        out = through + gate * a if self.config.gate == "linear" else through + gate * (a - through)
        levels = (gate.round() if self.hard_levels else gate).mean(-1)
        return out, (past,), levels
