"""ON-LSTM: an LSTM whose cell is ordered by a master forget and a master input gate.

    f̃ = cumax(...), ĩ = 1 - cumax(...), ω = f̃ ∘ ĩ
    c_t = (f ∘ ω + f̃ - ω) ∘ c_{t-1} + (i ∘ ω + ĩ - ω) ∘ ĉ,   h_t = o ∘ tanh(c_t)

Source: Shen et al., ICLR 2019; the whole recurrence stands in `ops/onlstm_reference.py`.
Levels: d_f = 1 - mean_k f̃(k), how much of the master forget gate is shut.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from onlstm_parse.models.base import Layer, LayerState
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.dropout import dropconnect
from onlstm_parse.ops.onlstm import onlstm


class OnLstm(Layer):
    """State: h (B, H) and c (B, n, C)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.config, self.hidden_size = config, hidden_size
        rows = 4 * hidden_size + 2 * (hidden_size // config.chunk)
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        for parameter, fan_in in (
            (self.weight_ih, input_size),
            (self.bias_ih, input_size),
            (self.weight_hh, hidden_size),
            (self.bias_hh, hidden_size),
        ):
            nn.init.uniform_(parameter, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def initial_state(self, batch: int) -> LayerState:
        h = self.weight_hh.new_zeros(batch, self.hidden_size)
        return h, h.new_zeros(batch, self.hidden_size // self.config.chunk, self.config.chunk)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        recurrent = dropconnect(self.weight_hh, self.config.dropconnect, self.training)
        result = onlstm(
            x, *state, self.weight_ih, self.bias_ih, recurrent, self.bias_hh, self.config.master_input
        )
        return result.out, (result.h, result.c), result.level_forget
