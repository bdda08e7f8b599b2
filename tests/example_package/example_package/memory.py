"""A gated sum, step by step: f = σ(W x_t + U h_{t-1} + b),  h_t = f ∘ h_{t-1} + (1 - f) ∘ tanh(V x_t)."""

import torch
from torch import nn

from onlstm_parse.models.base import Layer


class Memory(Layer):
    def __init__(self, input_size, hidden_size, config):
        super().__init__()
        self.hidden_size = hidden_size
        self.gate = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size, hidden_size)

    def initial_state(self, batch):
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x, state):
        (h,) = state
        outputs, levels = [], []
        for step in x:
            f = self.gate(torch.cat((step, h.to(step.dtype)), -1)).to(h.dtype).sigmoid()
            h = f * h + (1 - f) * self.candidate(step).to(h.dtype).tanh()
            outputs.append(h)
            levels.append(1 - (f.round() if self.hard_levels else f).mean(-1))
        return torch.stack(outputs), (h,), torch.stack(levels)
