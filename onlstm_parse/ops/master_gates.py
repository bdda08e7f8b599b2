"""The equations of the master gates, shared by all ordered cells (Shen et al. 2019, eq. 6, 12-14)."""

from __future__ import annotations

import torch
from torch import Tensor

MASTER_INPUT_FORMS = ("complement", "reversed")


def cumax(logits: Tensor) -> Tensor:
    """Cumulative sum of the softmax over the last dimension (equation 6): rises towards 1."""
    return logits.softmax(-1).cumsum(-1)


def master_input_gate(logits: Tensor, form: str) -> Tensor:
    """`complement`: 1 - cumax (the paper); `reversed`: the softmax summed from the right."""
    if form == "complement":
        return 1 - cumax(logits)
    return logits.softmax(-1).flip(-1).cumsum(-1).flip(-1)


def hard_level(master_forget: Tensor) -> Tensor:
    """The most probable split point over n, of f̃ (..., n): the d_f of the step function nearest to f̃.

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
