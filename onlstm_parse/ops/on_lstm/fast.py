"""The ON-LSTM recurrence, fast: the same function as `on_lstm_reference`.

The input products of all steps are one product. The loop over time is compiled (`recurrence`; on a GPU
`triton`). If that is impossible, it is plain PyTorch with gradients by hand (`plain`). Under
`torch.autocast` products have its type (bf16), states and sums fp32. Second derivatives are refused.
"""

from __future__ import annotations

import warnings
from functools import cache

import torch
from torch import Tensor

from onlstm_parse.ops.native import compiled_type, compute_type
from onlstm_parse.ops.on_lstm.plain import on_lstm_plain
from onlstm_parse.ops.on_lstm.reference import OnLstmOutput
from onlstm_parse.ops.product import project
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence

MOST_LEVELS = 2048  # the kernels take all levels as one block


def on_lstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    master_input: str = "complement",
) -> OnLstmOutput:
    """See `on_lstm_reference`: same arguments, same results; `out` in the type of the products."""
    _, n, chunk = c.shape
    kind, dtype = _loop(h, n)
    bias = bias_ih + bias_hh
    if kind is None:
        projected = project(x, weight_ih, bias, dtype)
        out, c, masters = on_lstm_plain(projected, h, c, weight_hh.to(projected.dtype), master_input)
    else:
        units = n * chunk
        arguments = (n, chunk, int(master_input == "reversed"))
        cell = kind("on_lstm", arguments, gates=4 * units + 2 * n, hidden=units, state=units, extra=2 * n)
        out, c, masters = recurrence(cell, Inputs(x, weight_ih, bias, dtype), h, c.flatten(1), weight_hh)
        c, masters = c.unflatten(1, (n, chunk)), masters.unflatten(-1, (2, n))
    means = masters.mean(-1)
    return OnLstmOutput(out, out[-1].to(h.dtype), c, 1 - means[..., 1], means[..., 0], masters[..., 1, :])


def _loop(h: Tensor, n: int) -> tuple[type[Cell] | None, torch.dtype]:
    """The cell that runs the loop over time, None for plain PyTorch; and the type of its products."""
    dtype = compiled_type(h)
    if dtype is not None:
        return Cell, dtype
    fits = h.device.type == "cuda" and h.dtype in (torch.float32, torch.float64) and n <= MOST_LEVELS
    return kernel_cell(h.device) if fits else None, compute_type(h)


@cache
def kernel_cell(device: torch.device) -> type[Cell] | None:
    """The cell of `triton`, tested once; None, with one warning, if Triton is missing or fails."""
    try:
        from onlstm_parse.ops.on_lstm.triton import KernelCell, try_out

        try_out(device)
    except Exception as error:  # a missing package or compiler, a driver, an old GPU
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        notice = f"no Triton kernels ({reason}); the ON-LSTM runs in plain PyTorch, several times slower"
        warnings.warn(f"{notice} (pip install triton, and a C compiler)", stacklevel=4)
        return None
    return KernelCell
