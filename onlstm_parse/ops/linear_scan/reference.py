"""Linear recurrences as written, one step at a time: c_t = a_t ∘ c_{t-1} + b_t."""

from __future__ import annotations

import torch
from torch import Tensor


def linear_scan_reference(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """a, b (T, B, H), the state c (B, H) -> all states (T, B, H)."""
    states = []
    for a_t, b_t in zip(a, b, strict=True):
        c = a_t * c + b_t
        states.append(c)
    return torch.stack(states)


def forget_mult_reference(f: Tensor, x: Tensor, c: Tensor) -> Tensor:
    """a = f and b = (1 - f) ∘ x; f, x (T, B, H), c (B, H) -> all states (T, B, H)."""
    return linear_scan_reference(f, (1 - f) * x, c)
