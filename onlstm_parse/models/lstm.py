"""LSTM, as `torch.nn.LSTM` computes it.

    i, f, o = σ(W x_t + U h_{t-1} + b),  ĉ = tanh(W x_t + U h_{t-1} + b)
    c_t = f ∘ c_{t-1} + i ∘ ĉ,   h_t = o ∘ tanh(c_t)

Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000.
Levels: 1 - the forget gate averaged over units, the share of the cell that a token erases; hard: the
share of units whose forget gate is below a half.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.models.base import LayerState, RecurrentLayer
from onlstm_parse.models.config import ModelConfig


def has_bf16_lstm() -> bool:
    """oneDNN has no LSTM with bf16 products for processors without AVX-512."""
    return bool(torch.cpu._is_avx512_supported())


class Lstm(RecurrentLayer):
    """State: h and c, (B, H) each. Rows of the weights as in torch: i, f, ĉ, o."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(4 * hidden_size, input_size, hidden_size, config)

    def initial_state(self, batch: int) -> LayerState:
        zeros = self.weight_hh.new_zeros(batch, self.hidden_size)
        return zeros, zeros.clone()

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        h, c = (part.unsqueeze(0) for part in state)
        recurrent = self.recurrent_weight()
        weights = [self.weight_ih, recurrent, self.bias_ih, self.bias_hh]
        options = (True, 1, 0.0, self.training, False, False)
        if has_bf16_lstm() or x.device.type != "cpu":
            out, h_next, c_next = torch.lstm(x, (h, c), weights, *options)
        else:
            with torch.autocast("cpu", enabled=False):
                out, h_next, c_next = torch.lstm(x.to(recurrent.dtype), (h, c), weights, *options)
        levels = self._levels(x, torch.cat((h, out[:-1])), recurrent)
        # Autocast may lower the type of the outputs; the state keeps the type of the weights.
        return out, (h_next[0].to(recurrent.dtype), c_next[0].to(recurrent.dtype)), levels

    def _levels(self, x: Tensor, earlier: Tensor, recurrent: Tensor) -> Tensor:
        """Levels (T, B) from x and states (T, B, H): the gate is computed again, as PyTorch keeps it."""
        if not self.wants_levels:
            return recurrent.new_zeros(x.shape[:2])
        rows = slice(self.hidden_size, 2 * self.hidden_size)
        gate = linear(x, self.weight_ih[rows], self.bias_ih[rows])
        gate = (gate + linear(earlier, recurrent[rows], self.bias_hh[rows])).to(recurrent.dtype).sigmoid()
        return 1 - (gate.round() if self.hard_levels else gate).mean(-1)
