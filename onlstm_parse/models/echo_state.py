"""Echo state network: fixed random recurrent weights; only input and output weights are trained.

    h_t = tanh(W x_t + U h_{t-1} + b),   y_t = V h_t,   U fixed: ρ times a random orthogonal matrix

Every eigenvalue of U has the modulus ρ < 1, so the state forgets its start.
Source: Jaeger 2001, without leaky integration; the output weights are trained with the rest, by gradient.
Levels: the movement of the state, the mean over units of |h_t - h_{t-1}| / 2; hard: the share of units
whose sign changes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onlstm_parse.models.base import Layer, LayerState, keep_variance
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.movement import movement
from onlstm_parse.ops.product import Linear
from onlstm_parse.ops.rnn import rnn


class EchoState(Layer):
    """State: h, (B, H). U is a buffer: it is saved with the run, but is no parameter."""

    recurrent: Tensor

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.enter = Linear(input_size, hidden_size)
        self.leave = Linear(hidden_size, hidden_size, bias=False)
        keep_variance(self.enter.weight)
        orthogonal, _ = torch.linalg.qr(torch.randn(hidden_size, hidden_size))
        self.register_buffer("recurrent", config.spectral_radius * orthogonal)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        states, state, levels = self._echo(x, state)
        return self.leave(states), state, levels

    def levels_only(self, x: Tensor, state: LayerState) -> tuple[LayerState, Tensor]:
        _, state, levels = self._echo(x, state)
        return state, levels

    def _echo(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        """All states (T, B, H), the next state, levels (T, B)."""
        (h,) = state
        bias = self.enter.bias
        states, h_next = rnn(x, h, self.enter.weight, bias, self.recurrent, torch.zeros_like(bias))
        return states, (h_next,), movement(states, h, self.hard_levels)
