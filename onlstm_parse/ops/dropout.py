"""The dropouts of AWD-LSTM (Merity, Keskar, Socher, ICLR 2018), as plain functions.

Each returns its input untouched when not training or when the rate is 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def variational_dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """One mask for all steps of x (T, B, D)."""
    if not training or not rate:
        return x
    return x * functional.dropout(torch.ones_like(x[:1]), rate)


def embedding_dropout(weight: Tensor, rate: float, training: bool) -> Tensor:
    """Drop whole words of an embedding (V, E)."""
    if not training or not rate:
        return weight
    return weight * functional.dropout(torch.ones_like(weight[:, :1]), rate)


def dropconnect(weight: Tensor, rate: float, training: bool) -> Tensor:
    """Drop single recurrent weights, the same ones for every step of a window."""
    return functional.dropout(weight, rate, training)
