"""The ON-LSTM recurrence in plain PyTorch with gradients by hand: for GPUs, and without a compiler.

The loop over time computes only what depends on the step before. The gradient of the recurrent weights is one
product after it. Second derivatives are refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from onlstm_parse.ops.first_order import refuse_second_derivatives


def on_lstm_plain(
    projected: Tensor, h: Tensor, c: Tensor, weight_hh: Tensor, master_input: str = "complement"
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs (T, B, H), the last cell (B, n, C), and the master gates ĩ, f̃ (T, B, 2, n).

    projected (T, B, 4H + 2n) is the product of the inputs with biases added; h (B, H), c (B, n, C),
    weight_hh (4H + 2n, H); products run in the type of the weight.
    """
    return _Recurrence.apply(projected, h, c, weight_hh, master_input)


class _Gates(NamedTuple):
    """Activated gates of any number of steps; masters (..., 2, n), the rest (..., n, C)."""

    shares: Tensor  # the softmax under each master gate
    masters: Tensor  # master input, master forget
    o: Tensor
    z: Tensor
    i: Tensor
    f: Tensor

    def effective(self) -> tuple[Tensor, Tensor]:
        """f̂ and î (equations 12 and 13)."""
        i_master, f_master = self.masters.unsqueeze(-1).unbind(-3)
        overlap = i_master * f_master
        return torch.addcmul(f_master - overlap, self.f, overlap), torch.addcmul(
            i_master - overlap, self.i, overlap
        )


def _activate(gates: Tensor, n: int, form: str) -> _Gates:
    shares = gates[..., : 2 * n].unflatten(-1, (2, n)).softmax(-1)
    masters = shares.cumsum(-1)
    i_master = masters[..., 0, :]
    if form == "complement":
        torch.sub(1, i_master, out=i_master)
    else:  # the sum from the right, c_n - c_k + s_k
        torch.sub(1 + shares[..., 0, :], i_master, out=i_master)
    rest = gates[..., 2 * n :].unflatten(-1, (4, n, -1))
    i, f = rest[..., 2:, :, :].sigmoid().unbind(-3)
    return _Gates(shares, masters, rest[..., 0, :, :].sigmoid(), rest[..., 1, :, :].tanh(), i, f)


class _Recurrence(torch.autograd.Function):
    """projected (T, B, 4H + 2n), h (B, H), c (B, n, C), weight (4H + 2n, H) -> out, c, masters."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, h: Tensor, c: Tensor, weight: Tensor, master_input: str) -> Any:
        steps, (batch, n, chunk) = len(projected), c.shape
        gates = torch.empty_like(projected, dtype=c.dtype)
        cells = c.new_empty(steps + 1, batch, n, chunk)
        hiddens = c.new_empty(steps + 1, batch, n * chunk)
        masters = c.new_empty(steps, batch, 2, n)
        cells[0], hiddens[0] = c, h
        transposed = weight.t()
        for t in range(steps):
            torch.add(projected[t], hiddens[t].to(weight.dtype) @ transposed, out=gates[t])
            now = _activate(gates[t], n, master_input)
            f_hat, i_hat = now.effective()
            cell = torch.addcmul(f_hat * cells[t], i_hat, now.z, out=cells[t + 1])
            torch.mul(now.o, cell.tanh(), out=hiddens[t + 1].view(batch, n, chunk))
            masters[t] = now.masters
        ctx.save_for_backward(gates, cells, hiddens, weight)
        ctx.form, ctx.projected_dtype = master_input, projected.dtype
        return hiddens[1:], cells[-1].clone(), masters

    @staticmethod
    def backward(ctx: Any, d_out: Tensor, d_cell: Tensor, d_masters: Tensor) -> Any:
        refuse_second_derivatives()
        gates, cells, hiddens, weight = ctx.saved_tensors
        d_gates = torch.empty_like(gates)
        d_hidden = torch.zeros_like(hiddens[0])
        # Gates are activated again step by step: the gates of one step stay in the cache.
        for t in reversed(range(len(gates))):
            d_cell = _step_backward(
                d_gates[t],
                gates[t],
                cells[t],
                cells[t + 1],
                d_hidden + d_out[t],
                d_cell,
                d_masters[t],
                ctx.form,
            )
            d_hidden = (d_gates[t].to(weight.dtype) @ weight).to(gates.dtype)
        flat = d_gates.flatten(0, 1).to(weight.dtype)
        d_weight = flat.t() @ hiddens[:-1].flatten(0, 1).to(weight.dtype)
        return d_gates.to(ctx.projected_dtype), d_hidden, d_cell, d_weight, None


def _step_backward(
    d_gates: Tensor,
    gates: Tensor,
    before: Tensor,
    cell: Tensor,
    d_hidden: Tensor,
    d_cell: Tensor,
    d_masters: Tensor,
    form: str,
) -> Tensor:
    """Fill d_gates (B, 4H + 2n) and return the gradient of the cell `before` (B, n, C)."""
    n = before.shape[1]
    d_logits = d_gates[:, : 2 * n].unflatten(-1, (2, n))
    d_rest = d_gates[:, 2 * n :].unflatten(-1, (4, *before.shape[1:]))
    now = _activate(gates, n, form)
    i_master, f_master = now.masters.unsqueeze(-1).unbind(1)
    f_hat, i_hat = now.effective()
    d_hidden = d_hidden.view_as(cell)
    squashed = cell.tanh()
    d_tanh = d_hidden * now.o
    d_cell = torch.addcmul(d_cell + d_tanh, d_tanh * squashed, squashed, value=-1)

    # σ' = σ - σ², tanh' = 1 - tanh²
    overlap = i_master * f_master
    d_overlap = d_cell * overlap
    torch.mul(d_tanh * squashed, 1 - now.o, out=d_rest[:, 0])
    torch.mul(d_cell * i_hat, 1 - now.z * now.z, out=d_rest[:, 1])
    torch.mul(d_overlap * now.z, now.i - now.i * now.i, out=d_rest[:, 2])
    torch.mul(d_overlap * before, now.f - now.f * now.f, out=d_rest[:, 3])

    # c = f̃ c' + ĩ ĉ + ω ((f - 1) c' + (i - 1) ĉ)
    within = before * (now.f - 1) + now.z * (now.i - 1)
    d_i_master = (d_cell * torch.addcmul(now.z, within, f_master)).sum(-1)
    d_f_master = (d_cell * torch.addcmul(before, within, i_master)).sum(-1)
    d_shares = torch.stack((d_i_master, d_f_master), 1) + d_masters
    # f̃_k sums the shares up to k, so a share receives what comes behind it; ĩ = 1 - cumax the
    # opposite. As a softmax ignores a constant, "behind" may be replaced by minus "before".
    earlier = d_shares.cumsum(-1)
    d_i_shares = earlier[:, 0] if form == "reversed" else earlier[:, 0] - d_shares[:, 0]
    d_shares = torch.stack((d_i_shares, d_shares[:, 1] - earlier[:, 1]), 1)
    mean = (now.shares * d_shares).sum(-1, keepdim=True)
    torch.mul(now.shares, d_shares - mean, out=d_logits)
    return d_cell * f_hat
