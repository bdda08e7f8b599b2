"""The inside algorithm with dense rules in the compiled form of `csrc/dense_inside.h`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from onlstm_parse.ops import native
from onlstm_parse.ops.dense_inside.reference import DenseRules
from onlstm_parse.ops.first_order import refuse_second_derivatives

ROUND = 16  # LANE_ROUND of csrc/small_product.h


def dense_inside_compiled(
    rules: DenseRules, emissions: Tensor, lengths: list[int], spans: Tensor | None = None
) -> Tensor:
    """The log probability of each sentence, (B,): as `dense_inside_reference`."""
    nonterminals, preterminals = rules.binary.shape[-3], emissions.shape[1]
    fill = -nonterminals % ROUND, -preterminals % ROUND
    binary = rules.binary.movedim(-3, -1).to(emissions.dtype)  # left child, right child, parent
    root = rules.root.to(emissions.dtype)
    spans_side, words_side = slice(nonterminals), slice(nonterminals, None)
    word_span, span_word = binary[..., words_side, spans_side, :], binary[..., spans_side, words_side, :]
    blocks = (
        _padded(binary[..., spans_side, spans_side, :], fill[0], fill[0], fill[0]),
        _padded(word_span, fill[1], fill[0], fill[0]),
        _padded(span_word.transpose(-3, -2), fill[1], fill[0], fill[0]),
        _padded(binary[..., words_side, words_side, :], fill[1], fill[1], fill[0]),
        _padded(root[..., spans_side], fill[0]),
        _padded(root[..., words_side], fill[1]),
    )
    n = max(lengths)
    scores = None if spans is None else spans[:, :n, : n + 1].to(emissions.dtype).contiguous()
    totals: Tensor = _DenseInside.apply(
        *blocks, pad(emissions, (0, fill[1]), value=-torch.inf), scores, lengths, torch.is_grad_enabled()
    )
    return totals


def _padded(block: Tensor, *further: int) -> Tensor:
    """Zeros after the last dimensions, as many as are named for each."""
    ends = [number for one in reversed(further) for number in (0, one)]
    return pad(block, ends).contiguous()


class _DenseInside(torch.autograd.Function):
    """Where gradients will be wanted, the forward pass computes them, for totals whose own gradient is 1.

    A sentence's are proportional to that of its total. Only those of shared rules, which are summed over
    sentences, are computed again where the totals have different ones.
    """

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        *blocks, emissions, spans, lengths, with_gradients = given
        words = torch.tensor([0, *lengths]).cumsum(0)
        separate = blocks[0].dim() == 4
        ctx.sizes = (max(lengths), len(lengths), blocks[4].shape[-1], blocks[5].shape[-1], int(separate))
        ctx.lengths = torch.tensor(lengths)
        tensors = (*blocks, words, emissions, spans)
        totals = emissions.new_empty(len(lengths))
        if with_gradients and any(ctx.needs_input_grad):
            ctx.found = _gradients(ctx, tensors, torch.ones_like(totals), totals)
            ctx.save_for_backward(*tensors)
        else:
            native.call("dense_inside_forward", emissions.dtype, ctx.sizes, (*tensors, totals))
        return totals

    @staticmethod
    def backward(ctx: Any, d_totals: Tensor) -> Any:
        refuse_second_derivatives()
        *d_blocks, d_emissions, d_spans = ctx.found
        shared = not ctx.sizes[-1] and d_blocks[0] is not None
        if shared and (d_totals != d_totals[0]).any():
            tensors = ctx.saved_tensors
            found = _gradients(ctx, tensors, d_totals.contiguous(), torch.empty_like(d_totals))
            return *found, None, None
        of_blocks = d_totals[0] if shared else d_totals
        d_blocks = [_times(block, of_blocks) for block in d_blocks]
        d_emissions = _times(d_emissions, d_totals.repeat_interleave(ctx.lengths))
        return *d_blocks, d_emissions, _times(d_spans, d_totals), None, None


def _gradients(
    ctx: Any, tensors: tuple[Tensor, ...], d_totals: Tensor, totals: Tensor
) -> tuple[Tensor | None, ...]:
    """Those of blocks, emissions and spans that are wanted, None for others; writes `totals`."""
    *blocks, _, emissions, spans = tensors
    sentences, separate = ctx.sizes[1], ctx.sizes[-1]
    wanted = any(ctx.needs_input_grad[:6])
    owners = sentences if separate else min(torch.get_num_threads(), sentences)
    d_blocks = [emissions.new_zeros(owners, *block.shape[separate:]) if wanted else None for block in blocks]
    d_emissions = torch.empty_like(emissions) if ctx.needs_input_grad[6] else None
    d_spans = torch.zeros_like(spans) if ctx.needs_input_grad[7] else None
    native.call(
        "dense_inside_backward",
        emissions.dtype,
        ctx.sizes,
        (*tensors, d_totals, totals, d_emissions, d_spans, *d_blocks),
    )
    found = [block if block is None or separate else block.sum(0) for block in d_blocks]
    return *found, d_emissions, d_spans


def _times(found: Tensor | None, factors: Tensor) -> Tensor | None:
    """Gradients times a factor, or one for each of their first dimension."""
    if found is None:
        return None
    return found * (factors.view(-1, *[1] * (found.dim() - 1)) if factors.dim() else factors)
