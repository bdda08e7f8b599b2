"""The ON-LSTM recurrence as published, one step at a time: what every fast path is checked against.

Source: Shen, Tan, Sordoni, Courville, "Ordered Neurons: Integrating Tree Structures into
Recurrent Neural Networks", ICLR 2019, equations 1-15, in the row order of the authors' code.
T steps, B batch, H hidden units in n = H / C chunks of C units; a chunk is one *level*.

    f̃ = cumax(W_f̃ x + U_f̃ h + b_f̃)                  master forget gate, (B, n)
    ĩ = 1 - cumax(W_ĩ x + U_ĩ h + b_ĩ)              master input gate, (B, n)
    o, i, f = σ(...),  ĉ = tanh(...)                 as in the LSTM, (B, H)
    ω = f̃ ∘ ĩ
    f̂ = f ∘ ω + (f̃ - ω),   î = i ∘ ω + (ĩ - ω)      f̃, ĩ, ω repeated over the C units of a chunk
    c_t = f̂ ∘ c_{t-1} + î ∘ ĉ,   h_t = o ∘ tanh(c_t)

The level of token t is d_f = 1 - mean_k f̃(k).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

MASTER_INPUT_FORMS = ("complement", "reversed")


class OnlstmOutput(NamedTuple):
    """Outputs (T, B, H); h (B, H) and c (B, n, C) behind the last step; levels (T, B); f̃ (T, B, n)."""

    out: Tensor
    h: Tensor
    c: Tensor
    level_forget: Tensor
    level_input: Tensor
    master_forget: Tensor


def cumax(logits: Tensor) -> Tensor:
    """Cumulative sum of the softmax over the last dimension (equation 6): rises towards 1."""
    return logits.softmax(-1).cumsum(-1)


def master_input_gate(logits: Tensor, form: str) -> Tensor:
    """`complement`: 1 - cumax (the paper); `reversed`: the softmax summed from the right."""
    if form == "complement":
        return 1 - cumax(logits)
    return logits.softmax(-1).flip(-1).cumsum(-1).flip(-1)


def hard_level(master_forget: Tensor) -> Tensor:
    """The most probable split point over n, of f̃ (..., n): d_f where f̃ is one step, else its nearest.

    `1 - mean_k f̃(k)` is the expectation of the same split point.
    """
    shares = master_forget.diff(prepend=torch.zeros_like(master_forget[..., :1]))
    return shares.argmax(-1).to(master_forget.dtype) / master_forget.shape[-1]


def ordered_update(
    master_forget: Tensor,
    master_input: Tensor,
    forget: Tensor,
    input_: Tensor,
    candidate: Tensor,
    cell: Tensor,
) -> Tensor:
    """The new cell (equations 12-14); master gates (..., n, 1), the rest (..., n, C)."""
    overlap = master_forget * master_input
    forget = forget * overlap + (master_forget - overlap)
    input_ = input_ * overlap + (master_input - overlap)
    return forget * cell + input_ * candidate


def onlstm_reference(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    master_input: str = "complement",
) -> OnlstmOutput:
    """Run x (T, B, E) from state h (B, H), c (B, n, C).

    weight_ih (4H + 2n, E) and weight_hh (4H + 2n, H) hold the rows of the master input gate
    (n), the master forget gate (n), then output, cell, input and forget (H each).
    """
    batch, n, chunk = c.shape
    outputs, forget_masters, input_levels = [], [], []
    for step in x:
        gates = linear(step, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh)
        input_logits, forget_logits, rest = gates.split([n, n, 4 * n * chunk], dim=-1)
        i_master = master_input_gate(input_logits, master_input)
        f_master = cumax(forget_logits)
        o, z, i, f = rest.view(batch, 4, n, chunk).unbind(1)
        c = ordered_update(
            f_master.unsqueeze(-1), i_master.unsqueeze(-1), f.sigmoid(), i.sigmoid(), z.tanh(), c
        )
        h = (o.sigmoid() * c.tanh()).view(batch, n * chunk)
        outputs.append(h)
        forget_masters.append(f_master)
        input_levels.append(i_master.mean(-1))
    master_forget = torch.stack(forget_masters)
    level_forget = 1 - master_forget.mean(-1)
    return OnlstmOutput(torch.stack(outputs), h, c, level_forget, torch.stack(input_levels), master_forget)
