"""The ON-LSTM recurrence, fast: the same function as `onlstm_reference`.

The input products of all steps are one product; the loop over time is compiled (`recurrence`), or
where that cannot be had, plain PyTorch with gradients by hand (`onlstm_plain`). Under
`torch.autocast` products run in its type (bf16), states and sums in fp32. Second derivatives are refused.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.ops.native import compiled_type, compute_type
from onlstm_parse.ops.onlstm_plain import onlstm_plain
from onlstm_parse.ops.onlstm_reference import OnlstmOutput
from onlstm_parse.ops.product import project
from onlstm_parse.ops.recurrence import Cell, recurrence


def onlstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    master_input: str = "complement",
) -> OnlstmOutput:
    """See `onlstm_reference`: same arguments, same results; `out` in the type of the products."""
    _, n, chunk = c.shape
    dtype = compiled_type(h)
    bias = bias_ih + bias_hh
    if dtype is None:
        projected = project(x, weight_ih, bias, compute_type(h))
        out, c, masters = onlstm_plain(projected, h, c, weight_hh.to(projected.dtype), master_input)
    else:
        units = n * chunk
        arguments = (n, chunk, int(master_input == "reversed"))
        cell = Cell("on_lstm", arguments, gates=4 * units + 2 * n, hidden=units, state=units, extra=2 * n)
        projected = project(x, weight_ih, bias, dtype)
        out, c, masters = recurrence(cell, projected, h, c.flatten(1), weight_hh)
        c, masters = c.unflatten(1, (n, chunk)), masters.unflatten(-1, (2, n))
    means = masters.mean(-1)
    return OnlstmOutput(out, out[-1].to(h.dtype), c, 1 - means[..., 1], means[..., 0], masters[..., 1, :])
