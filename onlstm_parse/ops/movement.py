"""Levels for models without a gate: the change of the state at a token."""

from __future__ import annotations

import torch
from torch import Tensor


def movement(states: Tensor, before: Tensor, hard: bool = False) -> Tensor:
    """states (T, B, H) in [-1, 1] after the state `before` (B, H) -> (T, B) in [0, 1].

    The mean distance that a unit moves, divided by 2, its maximum. Hard: the share of units whose sign
    changes.
    """
    states = states.to(before.dtype)
    earlier = torch.cat((before.unsqueeze(0), states[:-1]))
    if hard:
        return (states.sign() != earlier.sign()).to(states.dtype).mean(-1)
    return (states - earlier).abs().mean(-1) / 2
