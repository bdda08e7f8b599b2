"""Dilated gated convolutional network: in a layer, gated convolutions of growing dilation after each other.

    x ← x + A ∘ σ(B),   A, B = W_d * x̄ + b, V_d * x̄ + c   for d = 1, 2, 4,   * over `kernel` tokens d apart
    highway:  x ← (1 - σ(B)) ∘ x + σ(B) ∘ A

So a layer sees 7 (`kernel` - 1) tokens back. Each convolution is one of `glu_cnn`, with its residual.
Source: Su 2018 (DGCNN, the highway form), made causal, with layer norm; linear form: Dauphin et al. 2017.
Levels: the gate σ(B) of the widest convolution averaged over units, the share that a token lets in; hard: the
share of units whose gate is above a half.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from onlstm_parse.models.base import Layer, LayerState
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.glu_cnn import GluCnn

DILATIONS = (1, 2, 4)


class DilatedGluCnn(Layer):
    """State: for each dilation the normalised inputs that the next window still reads, as in `GluCnn`."""

    residual = True

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        sizes = (input_size, hidden_size, hidden_size)
        self.convolutions = nn.ModuleList(
            GluCnn(size, hidden_size, config, dilation)
            for size, dilation in zip(sizes, DILATIONS, strict=True)
        )

    def initial_state(self, batch: int) -> LayerState:
        return tuple(part for gated in self._gated() for part in gated.initial_state(batch))

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        pasts = []
        for gated, past in zip(self._gated(), state, strict=True):
            x, (past,), levels = gated(x, (past,))
            pasts.append(past)
        return x, tuple(pasts), levels

    def _gated(self) -> list[GluCnn]:
        return cast(list[GluCnn], self.convolutions)
