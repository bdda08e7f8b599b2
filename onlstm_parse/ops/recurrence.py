"""A recurrence of any cell of `csrc/`, through the compiled loop over time, with its gradients.

    hidden_t, state_t, extra_t = cell(W x_t + bias + U hidden_{t-1}, state_{t-1})

T steps, B batch, H hidden units, G gates, K units of state, X further outputs of a step. U has R rows, for
the first gates: a cell may have gates that U does not reach.
A cell is its equations in a header of `csrc/`, a line in `exports.h`, and a `Cell` here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.product import product, transposed


@dataclass(frozen=True)
class Cell:
    """The facts about a cell that the compiled loop needs; G, H, K and X as above."""

    name: str
    """The name that exports.h exports."""
    arguments: tuple[int, ...]
    """The numbers that its constructor takes."""
    gates: int
    hidden: int
    state: int
    extra: int = 0

    def run(self, direction: str, gates: Tensor, *others: Tensor | None) -> None:
        """Run the loop forward or backward; tensors are in the order of its struct in recurrence.h."""
        sizes = (*gates.shape[:2], *self.arguments)
        native.call(f"{self.name}_{direction}", gates.dtype, sizes, (gates, *others))


class Inputs(NamedTuple):
    """Gates (T, B, G) as W x_t + bias, of any precision; W (G, I), bias (G,), x (T, B, I)."""

    x: Tensor
    weight: Tensor
    bias: Tensor
    dtype: torch.dtype
    """The type of the products, from `compiled_type`."""


def recurrence(
    cell: Cell, inputs: Inputs, hidden: Tensor, state: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden units (T, B, H), the last state (B, K) and further outputs (T, B, X) of a cell with U.

    hidden (B, H), state (B, K), weight U (R, H).
    """
    *given, dtype = inputs
    return _Recurrence.apply(cell, *(tensor.to(dtype) for tensor in given), hidden, state, weight.to(dtype))


def recurrence_of_gates(
    cell: Cell, gates: Tensor, hidden: Tensor, state: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """As `recurrence`, from what the inputs give the gates (T, B, G). Overwrites it."""
    return _Recurrence.apply(cell, gates, None, None, hidden, state, weight.to(gates.dtype))


def scan(cell: Cell, gates: Tensor, state: Tensor) -> Tensor:
    """Hidden units (T, B, H) of a cell that has no U; gates (T, B, G), state (B, K)."""
    return _Recurrence.apply(cell, gates, None, None, state, state, None)[0]


class _Recurrence(torch.autograd.Function):
    """Includes the product of the inputs, since the gradients of both weights need the transposed gates."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: Cell,
        x: Tensor,
        weight_ih: Tensor | None,
        bias: Tensor | None,
        hidden: Tensor,
        state: Tensor,
        weight: Tensor | None,
    ) -> Any:
        if weight_ih is None:
            gates = x.contiguous()
        else:  # the compiled loop overwrites the product with the gates
            gates = product(x.flatten(0, 1), weight_ih, bias).unflatten(0, x.shape[:2])
        steps, batch, _ = gates.shape
        hiddens = gates.new_empty(steps + 1, batch, cell.hidden)
        states = state.new_empty(steps + 1, batch, cell.state)
        extra = state.new_empty(steps, batch, cell.extra)
        hiddens[0], states[0] = hidden, state
        if weight is not None:
            weight = weight.contiguous()
        cell.run("forward", gates, weight, hiddens, states, extra)
        ctx.save_for_backward(x, weight_ih, gates, weight, hiddens, states)
        ctx.cell = cell
        return hiddens[1:], states[-1].clone(), extra

    @staticmethod
    def backward(ctx: Any, d_hidden: Tensor, d_state: Tensor, d_extra: Tensor) -> Any:
        refuse_second_derivatives()
        x, weight_ih, gates, weight, hiddens, states = ctx.saved_tensors
        d_gates = torch.empty_like(gates)
        d_first = states.new_empty(hiddens.shape[1:])
        d_state = d_state.clone(memory_format=torch.contiguous_format)
        given = gates, weight, states, d_hidden.contiguous(), d_extra.contiguous()
        ctx.cell.run("backward", *given, d_gates, d_first, d_state)
        needs_x, needs_weight = ctx.needs_input_grad[1], ctx.needs_input_grad[6]
        flat = d_gates.flatten(0, 1)
        flipped = flat if weight is None else transposed(flat)
        d_weight = product(flipped[: len(weight)], hiddens[:-1].flatten(0, 1).t()) if needs_weight else None
        if weight_ih is None:
            return None, d_gates, None, None, d_first, d_state, d_weight
        d_x = product(flat, weight_ih.t()).view_as(x) if needs_x else None
        d_weight_ih = product(flipped, x.flatten(0, 1).t())
        return None, d_x, d_weight_ih, flipped.sum(1), d_first, d_state, d_weight
