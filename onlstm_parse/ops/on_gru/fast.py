"""The recurrence of ON-GRU, compiled. `reference` has the equations."""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.on_gru.reference import on_gru_reference
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence
from onlstm_parse.ops.split_candidate import split_candidate


def on_gru(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    bias_ih: Tensor,
    weight_hh: Tensor,
    bias_hh: Tensor,
    master_input: str = "complement",
) -> tuple[Tensor, Tensor, Tensor]:
    """See `on_gru_reference`: same arguments, same results; outputs in the type of the products."""
    dtype = compiled_type(h)
    if dtype is None:
        return on_gru_reference(x, h, weight_ih, bias_ih, weight_hh, bias_hh, master_input)
    size = h.shape[1]
    n = (len(weight_hh) - 3 * size) // 2
    arguments = (n, size // n, int(master_input == "reversed"))
    cell = Cell("on_gru", arguments, gates=4 * size + 2 * n, hidden=size, state=size, extra=2 * n)
    inputs = Inputs(x, *split_candidate(weight_ih, bias_ih, bias_hh, size), dtype)
    out, last, masters = recurrence(cell, inputs, h, h, weight_hh)
    return out, last, masters[..., n:]
