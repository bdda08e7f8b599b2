"""Parts of attention: heads, rotary positions, and levels from neighbouring distributions.

B batch, A heads, Q queries, K keys, D units a head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, K, A · D) -> (B, A, K, D)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary positions (Su et al. 2021): x (B, A, K, D), positions (K,) or (B, 1, K). An odd last unit is
    kept.

    Angles are in float64: in float32, angles of positions in the millions would be wrong by tenths.
    """
    half = x.shape[-1] // 2
    frequencies = 10_000 ** (-torch.arange(half, device=x.device, dtype=torch.float64) / max(half, 1))
    angles = positions.double().unsqueeze(-1) * frequencies
    cos, sin = (part.to(torch.promote_types(x.dtype, torch.float32)) for part in (angles.cos(), angles.sin()))
    a, b, rest = x.split([half, half, x.shape[-1] - 2 * half], -1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos, rest), -1).to(x.dtype)


def attention_weights(query: Tensor, key: Tensor, bias: Tensor) -> Tensor:
    """softmax(q · k / √D + bias), (B, A, Q, K); bias is -∞ for keys that are masked."""
    return (query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]) + bias).softmax(-1)


def attention_levels(weights: Tensor, before: Tensor, hard: bool = False) -> Tensor:
    """1 - Σ_j min(p_t(j), p_{t-1}(j)), mean over heads: weights (B, A, T, K) -> levels (T, B).

    This is the total variation distance of neighbouring distributions; `before` (B, A, K) is the one
    before the first, all zeros (nothing shared) at the beginning. Hard: the share of heads whose
    likeliest key changes.
    """
    before = before.unsqueeze(2)
    if hard:
        weights, before = _likeliest(weights), _likeliest(before)
    first = torch.minimum(weights[:, :, :1], before).sum(-1)
    others = torch.minimum(weights[:, :, 1:], weights[:, :, :-1]).sum(-1)
    return (1 - torch.cat((first, others), 2)).clamp(0, 1).mean(1).t()


def _likeliest(weights: Tensor) -> Tensor:
    return ((weights == weights.amax(-1, keepdim=True)) & (weights > 0)).to(weights.dtype)
