"""The inputs of a causal convolution, step by step, so that the convolution is one matrix product."""

from __future__ import annotations

import torch
from torch import Tensor


def causal_windows(x: Tensor, past: Tensor, kernel: int, dilation: int = 1) -> tuple[Tensor, Tensor]:
    """x (T, B, D) after past (B, (kernel - 1) · dilation, D) -> (T, B, kernel, D), and the next past.

    Window t holds the inputs t - (kernel - 1) · dilation, ..., t - dilation, t.
    """
    whole = torch.cat((past.transpose(0, 1), x.to(past.dtype)))
    steps, reach = len(x), past.shape[1]
    windows = torch.stack([whole[k * dilation : k * dilation + steps] for k in range(kernel)], dim=2)
    return windows, whole[len(whole) - reach :].transpose(0, 1)
