"""Temporal convolutional network: causal convolutions of growing dilation, each with a residual.

    x ← x + W_d * relu(x̄) + b   for d = 1, 2, 4,   * over `kernel` tokens d apart, x̄ the layer norm of x
    separable:  W_d * y = P (w_d * y), each unit by itself, then all units of a step

Source: Bai et al. 2018 (layer norm for weight norm, one convolution a residual, the dilations repeated
in every layer); separable: Chollet 2017. If the width changes, x is projected first.
Levels: the movement of the output, the mean over units of |tanh h_t - tanh h_{t-1}| / 2; hard: the share of
units whose sign changes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onlstm_parse.models.base import Layer, LayerState, to_width
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.convolution import causal_depthwise, causal_windows
from onlstm_parse.ops.movement import movement
from onlstm_parse.ops.product import Linear

DILATIONS = (1, 2, 4)


class Tcn(Layer):
    """State: tanh of the last output (B, H), and for each dilation its past inputs, (B, ·, H)."""

    residual = True

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size, self.kernel = hidden_size, config.kernel
        self.separable = config.convolution == "separable"
        self.enter = to_width(input_size, hidden_size)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_size) for _ in DILATIONS)
        width = hidden_size if self.separable else config.kernel * hidden_size
        self.products = nn.ModuleList(Linear(width, hidden_size) for _ in DILATIONS)
        if self.separable:
            taps = torch.empty(len(DILATIONS), config.kernel, hidden_size)
            self.taps = nn.Parameter(taps.uniform_(-1, 1) / config.kernel**0.5)

    def initial_state(self, batch: int) -> LayerState:
        reach = [(self.kernel - 1) * dilation for dilation in DILATIONS]
        pasts = [self.zeros(batch, steps, self.hidden_size) for steps in reach]
        return self.zeros(batch, self.hidden_size), *pasts

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        before, *pasts = state
        x = self.enter(x).to(before.dtype)
        for k, dilation in enumerate(DILATIONS):
            y = self.norms[k](x).relu()
            if self.separable:
                seen, pasts[k] = causal_depthwise(y, pasts[k], self.taps[k], dilation)
            else:
                windows, pasts[k] = causal_windows(y, pasts[k], self.kernel, dilation)
                seen = windows.flatten(2)
            x = x + self.products[k](seen)
        squashed = x.tanh()
        return x, (squashed[-1], *pasts), movement(squashed, before, self.hard_levels)
