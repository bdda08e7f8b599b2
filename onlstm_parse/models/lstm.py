"""LSTM, as `torch.nn.LSTM` computes it.

    i, f, o = σ(W x_t + U h_{t-1} + b),  ĉ = tanh(W x_t + U h_{t-1} + b)
    c_t = f ∘ c_{t-1} + i ∘ ĉ,   h_t = o ∘ tanh(c_t)

Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000.
Levels: 1 - the forget gate averaged over units, how much of the cell a token wipes out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import linear

from onlstm_parse.models.base import Layer, LayerState
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.dropout import dropconnect


class Lstm(Layer):
    """State: h and c, (B, H) each."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.config, self.hidden_size = config, hidden_size
        self.lstm = nn.LSTM(input_size, hidden_size)

    def initial_state(self, batch: int) -> LayerState:
        zeros = self.lstm.weight_hh_l0.new_zeros(batch, self.hidden_size)
        return zeros, zeros.clone()

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        recurrent = dropconnect(self.lstm.weight_hh_l0, self.config.dropconnect, self.training)
        h, c = state
        weights = self.lstm.weight_ih_l0.dtype  # autocast may lower outputs; state and levels stay
        out, (h_next, c_next) = functional_call(
            self.lstm, {"weight_hh_l0": recurrent}, (x, (h.unsqueeze(0), c.unsqueeze(0)))
        )
        before = torch.cat((h.unsqueeze(0), out[:-1]))
        forget = slice(self.hidden_size, 2 * self.hidden_size)  # torch's rows: i, f, ĉ, o
        gate = linear(x, self.lstm.weight_ih_l0[forget], self.lstm.bias_ih_l0[forget]) + linear(
            before, recurrent[forget], self.lstm.bias_hh_l0[forget]
        )
        levels = 1 - gate.to(weights).sigmoid().mean(-1)
        return out, (h_next[0].to(weights), c_next[0].to(weights)), levels
