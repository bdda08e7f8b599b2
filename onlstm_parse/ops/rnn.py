"""The recurrence of the simple recurrent network: `rnn` is fast, `rnn_reference` is plain.

    h_t = tanh(W x_t + U h_{t-1} + b)

x (T, B, I), h (B, H); weights (H, I) and (H, H), biases (H,). Returns the outputs (T, B, H) and the last
state (B, H).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence


def rnn(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """See `rnn_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:  # PyTorch has kernels for GPUs
        weights = [weight_ih, weight_hh, bias_ih, bias_hh]
        training = torch.is_grad_enabled()
        out, last = torch.rnn_tanh(x, h.unsqueeze(0), weights, True, 1, 0.0, training, False, False)
        return out, last[0].to(h.dtype)
    size = h.shape[1]
    cell = Cell("rnn", (size,), gates=size, hidden=size, state=size)
    out, last, _ = recurrence(cell, Inputs(x, weight_ih, bias_ih + bias_hh, dtype), h, h, weight_hh)
    return out, last


def rnn_reference(
    x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor, weight_hh: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """One step at a time."""
    outputs = []
    for step in x:
        h = (linear(step, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh)).tanh()
        outputs.append(h)
    return torch.stack(outputs), h
