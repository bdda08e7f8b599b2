"""Causal convolutions: the inputs of each step, so that one is a matrix product; or each unit by itself."""

from __future__ import annotations

import torch
from torch import Tensor


def causal_windows(x: Tensor, past: Tensor, kernel: int, dilation: int = 1) -> tuple[Tensor, Tensor]:
    """x (T, B, D) after past (B, (kernel - 1) · dilation, D) -> (T, B, kernel, D), and the next past.

    Window t holds the inputs t - (kernel - 1) · dilation, ..., t - dilation, t.
    """
    steps, (whole, past) = len(x), _joined(x, past)
    windows = torch.stack([whole[k * dilation : k * dilation + steps] for k in range(kernel)], dim=2)
    return windows, past


def causal_depthwise(x: Tensor, past: Tensor, taps: Tensor, dilation: int = 1) -> tuple[Tensor, Tensor]:
    """Sum the windows of `causal_windows`, weighted by taps (kernel, D) -> (T, B, D), and the next past."""
    steps, (whole, past) = len(x), _joined(x, past)
    out = whole[:steps] * taps[0]
    for k, tap in enumerate(taps[1:], start=1):
        out = torch.addcmul(out, whole[k * dilation : k * dilation + steps], tap)
    return out, past


def _joined(x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """past and x in one (·, B, D), and the next past, which is as long as the last."""
    whole = torch.cat((past.transpose(0, 1), x.to(past.dtype)))
    return whole, whole[len(x) :].transpose(0, 1)
