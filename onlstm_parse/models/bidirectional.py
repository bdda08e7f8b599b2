"""A recurrent layer in both directions, for models that predict masked words.

    h→, d→ = layer(x_1 ... x_T),   h←, d← = layer(x_T ... x_1),   h_t = h→_t + V h←_t

Source: this toolkit's own form of Schuster and Paliwal 1997; masked words: Devlin et al. 2019.
Levels: d→_t is the boundary between t - 1 and t as read from the left; d←_{t-1} the same boundary as
read from the right. Their mean or their maximum (`directions`); the first token has d→ alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onlstm_parse.models.base import Layer, LayerState
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.product import Linear


class Bidirectional(Layer):
    """State: that of the forward direction. The backward direction starts anew with every sequence.

    Subclasses give `direction`, the layer of one direction.
    """

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.forwards = self.direction(input_size, hidden_size, config)
        self.backwards = self.direction(input_size, hidden_size, config)
        self.turn = Linear(hidden_size, hidden_size, bias=False)

    def direction(self, input_size: int, hidden_size: int, config: ModelConfig) -> Layer:
        raise NotImplementedError

    def initial_state(self, batch: int) -> LayerState:
        return self.forwards.initial_state(batch)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        right, left, state, levels = self._both(x, state)
        return right + self.turn(left.flip(0)), state, levels

    def levels_only(self, x: Tensor, state: LayerState) -> tuple[LayerState, Tensor]:
        _, _, state, levels = self._both(x, state)
        return state, levels

    def _both(self, x: Tensor, state: LayerState) -> tuple[Tensor, Tensor, LayerState, Tensor]:
        """h→ and h← (T, B, H), the latter from last to first; the next state; levels (T, B)."""
        right, state, from_left = self.forwards(x, state)
        left, _, from_right = self.backwards(x.flip(0), self.backwards.initial_state(x.shape[1]))
        earlier = torch.cat((from_left[:1], from_right.flip(0)[:-1]))
        pair = torch.stack((from_left, earlier))
        return right, left, state, pair.mean(0) if self.config.directions == "mean" else pair.amax(0)
