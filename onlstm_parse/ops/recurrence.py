"""A recurrence of any cell of `csrc/`, through the compiled loop over time, with its gradients.

    hidden_t, state_t, extra_t = cell(projected_t + U hidden_{t-1}, state_{t-1})

T steps, B batch, H hidden units, G gates, K units of state, X further outputs of a step.
A cell is its equations in a header of `csrc/`, a line in `recurrences.cpp`, and a `Cell` here.
"""

from __future__ import annotations

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

    def run(self, direction: str, gates: Tensor, *others: Tensor | None) -> None:
        """The loop forward or backward; the order of tensors is that of its struct in recurrence.h."""
        sizes = (*gates.shape[:2], *self.arguments)
        native.call(f"{self.name}_{direction}", gates.dtype, sizes, (gates, *others))


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
        cell.run("forward", gates, weight, hiddens, states, extra)
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
        ctx.cell.run("backward", *given, d_gates, d_first, d_state)
        d_weight = None
        if weight is not None:
            d_weight = product(d_gates.flatten(0, 1).t(), hiddens[:-1].flatten(0, 1).t())
        return None, d_gates, d_first, d_state, d_weight
