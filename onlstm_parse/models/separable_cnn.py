"""Separable convolutional network: each unit has a convolution of its own, between products over all units.

    A, B = V x̄_t + b, W x̄_t + c,   y = A ∘ σ(B),   x̄ the layer norm of x
    h_t = x_t + P Σ_k w_k ∘ y_{t-k} + d,   0 <= k < `kernel`

Source: Wu et al. 2019, their block with the depthwise convolution: taps neither shared nor normalised, no
feed-forward block after it; depthwise separable convolutions: Chollet 2017. If the width changes, x is
projected first.
Levels: the gate σ(B) averaged over units, the share that a token lets in; hard: the share of units whose gate
is above a half. The gate comes before the convolution: it sees its own token alone, whose vector knows the
past from layer 2 on.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onlstm_parse.models.base import Layer, LayerState, to_width
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.convolution import causal_depthwise
from onlstm_parse.ops.product import Linear


class SeparableCnn(Layer):
    """State: the gated units that the next window still reads, (B, kernel - 1, H)."""

    residual = True

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size, self.kernel = hidden_size, config.kernel
        self.norm = nn.LayerNorm(input_size)
        self.enter = Linear(input_size, 2 * hidden_size)
        self.taps = nn.Parameter(torch.empty(config.kernel, hidden_size).uniform_(-1, 1) / config.kernel**0.5)
        self.leave = Linear(hidden_size, hidden_size)
        self.skip = to_width(input_size, hidden_size)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.kernel - 1, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (past,) = state
        a, b = self.enter(self.norm(x)).to(past.dtype).chunk(2, -1)
        gate = b.sigmoid()
        seen, past = causal_depthwise(gate * a, past, self.taps)
        levels = (gate.round() if self.hard_levels else gate).mean(-1)
        return self.skip(x) + self.leave(seen), (past,), levels
