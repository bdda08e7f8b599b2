"""Dropout, and the kinds of AWD-LSTM (Merity, Keskar, Socher, ICLR 2018), as plain functions.

Nothing is dropped when not training or when the rate is 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding


def variational_dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """One mask for all steps of x (T, B, D)."""
    if not training or not rate:
        return x
    return x * dropout_mask(x[:1], rate)


def embedding_dropout(words: Tensor, weight: Tensor, rate: float, training: bool) -> Tensor:
    """The rows (..., E) of an embedding (V, E) for words (...); whole words of the vocabulary are dropped."""
    x = embedding(words, weight)
    if not training or not rate:
        return x
    return x * embedding(words, dropout_mask(weight[:, :1], rate))


def dropconnect(weight: Tensor, rate: float, training: bool) -> Tensor:
    """Drop single recurrent weights, the same for every step of a window."""
    return dropout(weight, rate, training)


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """Drop single elements (Srivastava et al. 2014)."""
    if not training or not rate:
        return x
    return x * dropout_mask(x, rate)


def dropout_mask(like: Tensor, rate: float) -> Tensor:
    """A mask with the shape and type of `like`: 0 with probability `rate` (to 1/65536), else 1 / (1 - rate).

    An element is compared with 16 random bits. torch's own dropout draws 64 bits for each, on one core.
    """
    size = like.numel()
    drawn = torch.empty(-(-size // 4), dtype=torch.int64, device=like.device).random_(-(2**63), None)
    dropped = min(round(rate * 2**16), 2**16 - 1)
    kept = drawn.view(torch.int16)[:size] >= dropped - 2**15
    return kept.view(like.shape).to(like.dtype).mul_(2**16 / (2**16 - dropped))
