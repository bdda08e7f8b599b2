"""A recurrence of any cell of `csrc/`, through the compiled loop over time, with its gradients.

    hidden_t, state_t, extra_t = cell(projected_t + U hidden_{t-1}, state_{t-1})

T steps, B batch, H hidden units, G gates, K units of state, X further outputs of a step.
A cell is its equations in a header of `csrc/`, a line in `recurrences.cpp`, and a `Cell` here.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.product import product


@dataclass(frozen=True)
class Cell:
    """What the compiled loop must know of a cell; G, H, K and X as above."""

    name: str
    """As exported by recurrences.cpp."""
    arguments: tuple[int, ...]
    """The numbers that its constructor there takes."""
    gates: int
    hidden: int
    state: int
    extra: int = 0


def compute_type(x: Tensor) -> torch.dtype:
    """The type of products on x: that of autocast where it is on, else that of x."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def compiled_type(x: Tensor) -> torch.dtype | None:
    """The type in which the compiled loop takes x, or None where it cannot.

    Without native bf16 instructions it takes fp32, which is faster there and more exact.
    """
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return None
    library = native.library()
    if library is None:
        return None
    return torch.bfloat16 if compute_type(x) == torch.bfloat16 and library.has_bf16() else x.dtype


def recurrence(
    cell: Cell, projected: Tensor, hidden: Tensor, state: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden units (T, B, H), the last state (B, K) and further outputs (T, B, X).

    projected (T, B, G), of a type that `compiled_type` gave, is overwritten; hidden (B, H),
    state (B, K), weight U (G, H), None where the cell has none.
    """
    return _Recurrence.apply(cell, projected, hidden, state, weight)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cell: Cell, projected: Tensor, hidden: Tensor, state: Tensor, weight: Tensor | None
    ) -> Any:
        steps, batch, _ = projected.shape
        # The compiled loop leaves the gates where the projection was: it is needed no more.
        gates = projected.contiguous()
        hiddens = gates.new_empty(steps + 1, batch, cell.hidden)
        states = state.new_empty(steps + 1, batch, cell.state)
        extra = state.new_empty(steps, batch, cell.extra)
        hiddens[0], states[0] = hidden, state
        if weight is not None:
            weight = weight.to(gates.dtype).contiguous()
        _call(cell, "forward", gates, weight, hiddens, states, extra)
        ctx.save_for_backward(gates, weight, hiddens, states)
        ctx.cell = cell
        return hiddens[1:], states[-1].clone(), extra

    @staticmethod
    def backward(ctx: Any, d_hidden: Tensor, d_state: Tensor, d_extra: Tensor) -> Any:
        refuse_second_derivatives()
        gates, weight, hiddens, states = ctx.saved_tensors
        d_gates = torch.empty_like(gates)
        d_first = states.new_empty(hiddens.shape[1:])
        d_state = d_state.clone(memory_format=torch.contiguous_format)
        given = gates, weight, states, d_hidden.contiguous(), d_extra.contiguous()
        _call(ctx.cell, "backward", *given, d_gates, d_first, d_state)
        d_weight = None
        if weight is not None:
            d_weight = product(d_gates.flatten(0, 1).t(), hiddens[:-1].flatten(0, 1).t())
        return None, d_gates, d_first, d_state, d_weight


def _call(cell: Cell, direction: str, gates: Tensor, *others: Tensor | None) -> None:
    """Run an exported function; the order of tensors is that of its struct in recurrence.h."""
    suffix = {torch.float64: "f64", torch.float32: "f32", torch.bfloat16: "bf16"}[gates.dtype]
    steps, batch, _ = gates.shape
    sizes = (steps, batch, torch.get_num_threads(), *cell.arguments)
    pointers = [None if tensor is None else tensor.data_ptr() for tensor in (gates, *others)]
    library = native.library()
    assert library is not None  # compiled_type has asked
    library[f"{cell.name}_{direction}_{suffix}"](
        (ctypes.c_long * len(sizes))(*sizes), (ctypes.c_void_p * len(pointers))(*pointers)
    )
