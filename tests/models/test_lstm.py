"""The LSTM layer against the plain recurrence in float64."""

import torch

from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.lstm import Lstm


def plain_lstm(layer, x, h, c):
    outputs, levels = [], []
    for step in x:
        gates = step @ layer.weight_ih.t() + layer.bias_ih + h @ layer.weight_hh.t() + layer.bias_hh
        i, f, z, o = gates.chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * z.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
        levels.append(1 - f.sigmoid().mean(-1))
    return torch.stack(outputs), h, c, torch.stack(levels)


def test_outputs_states_levels_and_gradients_are_the_equations():
    torch.manual_seed(0)
    layer = Lstm(5, 8, ModelConfig(embedding=8, hidden=8, chunk=4)).double().eval()
    x, h, c = torch.randn(6, 3, 5).double(), torch.randn(3, 8).double(), torch.randn(3, 8).double()
    leaves = [*layer.parameters(), *(t.requires_grad_() for t in (x, h, c))]
    out, (h_next, c_next), levels = layer(x, (h, c))
    for found, expected in zip(
        results((out, h_next, c_next, levels), leaves),
        results(plain_lstm(layer, x, h, c), leaves),
        strict=True,
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def results(outputs, leaves):
    draw = torch.Generator().manual_seed(1)
    loss = sum((part * torch.randn(part.shape, generator=draw).double()).sum() for part in outputs)
    return [*outputs, *torch.autograd.grad(loss, leaves)]
