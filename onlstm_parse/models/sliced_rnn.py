"""Sliced RNN, made causal: short recurrences over slices in parallel, a recurrence over their summaries.

    l_t = GRU(x_t, l_{t-1}) within a slice of `window` tokens, from zeros
    g_j = GRU(l_end(j), g_{j-1}) over slices,   h_t = l_t + V g_{j-1} for t in slice j

Source: Yu and Liu 2018, two levels; causal: a token sees its own slice so far and the slices before.
So N tokens take `window` + N / `window` steps instead of N.
Levels: 1 - the update gate within the slice, averaged over units; hard: the share of units whose update
gate is below a half.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from onlstm_parse.models.base import Layer, LayerState
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.gru import Gru
from onlstm_parse.ops.product import Linear


class SlicedRnn(Layer):
    """State: the inputs of the unfinished slice, (B, less than `window`, in), and g, (B, H)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.window = input_size, hidden_size, config.window
        self.within = Gru(input_size, hidden_size, config)
        self.above = Gru(hidden_size, hidden_size, config)
        self.down = Linear(hidden_size, hidden_size, bias=False)

    def initial_state(self, batch: int) -> LayerState:
        return self.zeros(batch, 0, self.input_size), self.zeros(batch, self.hidden_size)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        begun, g = state
        x = torch.cat((begun.transpose(0, 1), x.to(begun.dtype)))
        steps, batch, w = len(x), len(g), self.window
        slices, full = -(-steps // w), steps // w
        cut = pad(x, (0, 0, 0, 0, 0, slices * w - steps)).unflatten(0, (slices, w))
        cut = cut.transpose(0, 1).flatten(1, 2)  # (w, slices · B, in)
        low, _, levels = self.within(cut, self.within.initial_state(slices * batch))
        low = low.to(g.dtype).unflatten(1, (slices, batch))
        summaries, _, _ = self.above(low[-1], (g,))
        summaries = torch.cat((g.unsqueeze(0), summaries.to(g.dtype)))
        out = low + self.down(summaries[:-1])
        out, levels = (
            _in_order(part)[begun.shape[1] : steps] for part in (out, levels.view(w, slices, batch))
        )
        return out, (x[full * w :].transpose(0, 1), summaries[full]), levels


def _in_order(cut: Tensor) -> Tensor:
    """(w, slices, B, ...) -> (w · slices, B, ...), in the order of the text."""
    return cut.transpose(0, 1).flatten(0, 1)
