"""The ON-LSTM loop over time for GPUs: a step is one matrix product and one Triton kernel.

Equations and order of gates: `on_lstm_reference`; gradients as in `on_lstm_plain`, gates activated
again rather than kept. A program takes one row of the batch: all n levels as a block (n <= 2048),
the C units of a chunk a block at a time. Under TRITON_INTERPRET=1 the same runs on CPUs.

Importing this imports Triton, which comes with PyTorch for CUDA (else: `pip install onlstm-parse[gpu]`).
"""

# ruff: noqa: N803, N806 (Triton's constants are written in capitals)
from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from onlstm_parse.ops.graphed import Graphed
from onlstm_parse.ops.recurrence import Cell

TILE = 2048  # elements of a block, levels times units, hence the most levels


def forward_loop(
    sizes: tuple[int, int, int],
    steps: Tensor,
    gates: Tensor,
    weight: Tensor,
    hiddens: Tensor,
    states: Tensor,
    masters: Tensor,
) -> None:
    """Fill hiddens and states (T + 1, B, H) after their first step, and the masters ĩ, f̃ (T, B, 2n).

    sizes are n, C and whether ĩ is the reversed sum. gates (T, B, 4H + 2n) hold the product of the inputs and
    become the gates before activation; weight (4H + 2n, H). `steps` is not used: nobody reads the steps after
    the last one, which are padding.
    """
    blocks, rows = _blocks(*sizes), (gates.shape[1],)
    for t in range(len(gates)):
        gates[t].addmm_(hiddens[t], weight.t())
        _forward_step[rows](gates, hiddens, states, masters, t, **blocks)


def backward_loop(
    sizes: tuple[int, int, int],
    steps: Tensor,
    gates: Tensor,
    weight: Tensor,
    states: Tensor,
    d_hiddens: Tensor,
    d_masters: Tensor,
    d_gates: Tensor,
    d_first: Tensor,
    d_state: Tensor,
) -> None:
    """Fill d_gates (T, B, 4H + 2n) and d_first (B, H); d_state (B, H) goes from the last to the first.

    Steps from `steps` (1,) on are padding: their gradients are zero, and nothing passes through them.
    """
    blocks, rows = _blocks(*sizes), (gates.shape[1],)
    from_later = torch.zeros_like(d_hiddens[0])
    for t in reversed(range(len(gates))):
        _backward_step[rows](
            gates, states, d_hiddens, from_later, d_masters, d_gates, d_state, steps, t, **blocks
        )
        torch.mm(d_gates[t], weight, out=from_later)
    d_first.copy_(from_later)


def _blocks(n: int, chunk: int, reversed_: int) -> dict[str, Any]:
    levels = triton.next_power_of_2(n)
    units = min(triton.next_power_of_2(chunk), TILE // levels)
    warps = 8 if levels * units > 512 else 4
    sizes = {"N": n, "CHUNK": chunk, "REVERSED": bool(reversed_), "LEVELS": levels, "UNITS": units}
    return {**sizes, "num_warps": warps}


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _shares(logits, N: tl.constexpr, LEVELS: tl.constexpr, REAL: tl.constexpr):
    """The softmax of N logits, with zeros after them."""
    k = tl.arange(0, LEVELS)
    values = tl.load(logits + k, mask=k < N, other=-float("inf")).to(REAL)
    powers = tl.exp(values - tl.max(values, 0))
    return powers / tl.sum(powers, 0)


@triton.jit
def _masters(logits, N: tl.constexpr, LEVELS: tl.constexpr, REVERSED: tl.constexpr, REAL: tl.constexpr):
    """The shares of both softmaxes, and the gates ĩ and f̃. ĩ is 1 minus the running sum; reversed, plus the
    share.
    """
    shares_i, shares_f = _shares(logits, N, LEVELS, REAL), _shares(logits + N, N, LEVELS, REAL)
    i_master = 1 - tl.cumsum(shares_i, 0)
    if REVERSED:
        i_master += shares_i
    return shares_i, shares_f, i_master, tl.cumsum(shares_f, 0)


@triton.jit
def _masters_backward(shares_i, shares_f, d_i_master, d_f_master, REVERSED: tl.constexpr):
    """Gradients of the logits under both master gates.

    f̃_k sums the shares up to k, so a share receives the gradients after it; ĩ = 1 - cumax the opposite. A
    softmax ignores a constant, so "after" is replaced by minus "before".
    """
    d_shares_i = tl.cumsum(d_i_master, 0)
    if not REVERSED:
        d_shares_i -= d_i_master
    d_shares_f = d_f_master - tl.cumsum(d_f_master, 0)
    d_logits_i = shares_i * (d_shares_i - tl.sum(shares_i * d_shares_i, 0))
    return d_logits_i, shares_f * (d_shares_f - tl.sum(shares_f * d_shares_f, 0))


@triton.jit
def _activated(logits, unit, inside, H: tl.constexpr, REAL: tl.constexpr):
    """o, ĉ, i, f of a block of units."""
    o = tl.sigmoid(tl.load(logits + unit, mask=inside, other=0).to(REAL))
    z = _tanh(tl.load(logits + H + unit, mask=inside, other=0).to(REAL))
    i = tl.sigmoid(tl.load(logits + 2 * H + unit, mask=inside, other=0).to(REAL))
    f = tl.sigmoid(tl.load(logits + 3 * H + unit, mask=inside, other=0).to(REAL))
    return o, z, i, f


@triton.jit
def _store_gates(logits, unit, inside, o, z, i, f, H: tl.constexpr):
    """Write them to the places where `_activated` reads them."""
    kind: tl.constexpr = logits.dtype.element_ty
    tl.store(logits + unit, o.to(kind), mask=inside)
    tl.store(logits + H + unit, z.to(kind), mask=inside)
    tl.store(logits + 2 * H + unit, i.to(kind), mask=inside)
    tl.store(logits + 3 * H + unit, f.to(kind), mask=inside)


@triton.jit(do_not_specialize=["t"])
def _forward_step(
    gates,
    hiddens,
    states,
    masters,
    t,
    N: tl.constexpr,
    CHUNK: tl.constexpr,
    REVERSED: tl.constexpr,
    LEVELS: tl.constexpr,
    UNITS: tl.constexpr,
):
    REAL: tl.constexpr = states.dtype.element_ty
    H: tl.constexpr = N * CHUNK
    row = t.to(tl.int64) * tl.num_programs(0) + tl.program_id(0)  # of all steps
    after = row + tl.num_programs(0)
    gates += row * (4 * H + 2 * N)
    masters += row * 2 * N
    k = tl.arange(0, LEVELS)
    _, _, i_master, f_master = _masters(gates, N, LEVELS, REVERSED, REAL)
    tl.store(masters + k, i_master, mask=k < N)
    tl.store(masters + N + k, f_master, mask=k < N)

    i_master, f_master = i_master[:, None], f_master[:, None]
    overlap = i_master * f_master
    for start in range(0, CHUNK, UNITS):
        j = start + tl.arange(0, UNITS)[None, :]
        unit, inside = k[:, None] * CHUNK + j, (k[:, None] < N) & (j < CHUNK)
        o, z, i, f = _activated(gates + 2 * N, unit, inside, H, REAL)
        cell = tl.load(states + row * H + unit, mask=inside, other=0)
        cell = (f * overlap + (f_master - overlap)) * cell + (i * overlap + (i_master - overlap)) * z
        tl.store(states + after * H + unit, cell, mask=inside)
        tl.store(hiddens + after * H + unit, (o * _tanh(cell)).to(hiddens.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["t"])
def _backward_step(
    gates,
    states,
    d_hiddens,
    from_later,
    d_masters,
    d_gates,
    d_state,
    steps,
    t,
    N: tl.constexpr,
    CHUNK: tl.constexpr,
    REVERSED: tl.constexpr,
    LEVELS: tl.constexpr,
    UNITS: tl.constexpr,
):
    REAL: tl.constexpr = states.dtype.element_ty
    STORE: tl.constexpr = d_gates.dtype.element_ty
    H: tl.constexpr = N * CHUNK
    row = t.to(tl.int64) * tl.num_programs(0) + tl.program_id(0)  # of all steps
    after = row + tl.num_programs(0)
    gates += row * (4 * H + 2 * N)
    d_gates += row * (4 * H + 2 * N)
    d_masters += row * 2 * N
    from_later += tl.program_id(0) * H
    d_state += tl.program_id(0) * H
    present = t < tl.load(steps)
    k = tl.arange(0, LEVELS)
    shares_i, shares_f, i_master, f_master = _masters(gates, N, LEVELS, REVERSED, REAL)
    i_master, f_master = i_master[:, None], f_master[:, None]
    overlap = i_master * f_master
    d_i_master = tl.load(d_masters + k, mask=k < N, other=0)
    d_f_master = tl.load(d_masters + N + k, mask=k < N, other=0)

    for start in range(0, CHUNK, UNITS):
        j = start + tl.arange(0, UNITS)[None, :]
        unit, inside = k[:, None] * CHUNK + j, (k[:, None] < N) & (j < CHUNK)
        o, z, i, f = _activated(gates + 2 * N, unit, inside, H, REAL)
        before = tl.load(states + row * H + unit, mask=inside, other=0)
        squashed = _tanh(tl.load(states + after * H + unit, mask=inside, other=0))
        d_hidden = tl.load(d_hiddens + row * H + unit, mask=inside, other=0).to(REAL)
        d_tanh = o * (d_hidden + tl.load(from_later + unit, mask=inside, other=0).to(REAL))
        d_after = tl.load(d_state + unit, mask=inside, other=0)
        d_cell = d_after + d_tanh * (1 - squashed * squashed)
        d_o = d_tanh * squashed * (1 - o)
        d_z = d_cell * (i * overlap + (i_master - overlap)) * (1 - z * z)
        d_i = d_cell * overlap * z * i * (1 - i)
        d_f = d_cell * overlap * before * f * (1 - f)
        d_before = d_cell * (f * overlap + (f_master - overlap))
        d_o, d_z = tl.where(present, d_o, 0), tl.where(present, d_z, 0)
        d_i, d_f = tl.where(present, d_i, 0), tl.where(present, d_f, 0)
        _store_gates(d_gates + 2 * N, unit, inside, d_o, d_z, d_i, d_f, H)
        tl.store(d_state + unit, tl.where(present, d_before, d_after), mask=inside)
        # c = f̃ c' + ĩ ĉ + f̃ ĩ ((f - 1) c' + (i - 1) ĉ)
        within = before * (f - 1) + z * (i - 1)
        d_i_master += tl.sum(d_cell * (z + within * f_master), 1)
        d_f_master += tl.sum(d_cell * (before + within * i_master), 1)
    d_logits_i, d_logits_f = _masters_backward(shares_i, shares_f, d_i_master, d_f_master, REVERSED)
    tl.store(d_gates + k, tl.where(present, d_logits_i, 0).to(STORE), mask=k < N)
    tl.store(d_gates + N + k, tl.where(present, d_logits_f, 0).to(STORE), mask=k < N)


class KernelCell(Cell):
    """The cell for `recurrence`; its arguments are n, C and whether ĩ is the reversed sum."""

    def run(self, direction: str, gates: Tensor, *others: Tensor | None) -> None:
        # As in the compiled loop, autograd does not know that the product of the inputs is overwritten.
        tensors = [tensor.data for tensor in (gates, *others) if tensor is not None]
        _LOOPS[direction](self.arguments, *tensors)


_LOOPS = {
    "forward": Graphed(forward_loop, ("rw", "r", "rw", "rw", "w")),
    "backward": Graphed(backward_loop, ("r", "r", "r", "r", "r", "w", "w", "rw")),
}


def try_out(device: torch.device) -> None:
    """Run one step of one unit forward and backward. Raises what Triton raises if it cannot."""
    gates, masters, states = (
        torch.zeros(shape, device=device) for shape in ((1, 1, 6), (1, 1, 2), (2, 1, 1))
    )
    weight, one = torch.zeros(6, 1, device=device), torch.zeros(1, 1, device=device)
    cell = KernelCell("on_lstm", (1, 1, 0), gates=6, hidden=1, state=1, extra=2)
    cell.run("forward", gates, weight, states.clone(), states, masters)
    cell.run("backward", gates, weight, states, states[:1], masters, gates.clone(), one.clone(), one)
