"""The recurrence of ON-GRU, compiled. `reference` has the equations."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from onlstm_parse.ops.native import compiled_type
from onlstm_parse.ops.on_gru.reference import on_gru_reference
from onlstm_parse.ops.recurrence import Cell, Inputs, recurrence


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
    # r scales the candidate's part from h, but not its part from x: so these are two gates of the cell.
    from_x = torch.cat((pad(weight_ih[:-size], (0, 0, 0, size)), weight_ih[-size:]))
    bias = torch.cat((bias_ih[:-size] + bias_hh[:-size], bias_hh[-size:], bias_ih[-size:]))
    arguments = (n, size // n, int(master_input == "reversed"))
    cell = Cell("on_gru", arguments, gates=4 * size + 2 * n, hidden=size, state=size, extra=2 * n)
    out, last, masters = recurrence(cell, Inputs(x, from_x, bias, dtype), h, h, weight_hh)
    return out, last, masters[..., n:]
