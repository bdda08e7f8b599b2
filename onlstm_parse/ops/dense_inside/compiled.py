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
        *blocks, pad(emissions, (0, fill[1]), value=-torch.inf), scores, lengths
    )
    return totals


def _padded(block: Tensor, *further: int) -> Tensor:
    """Zeros after the last dimensions, as many as are named for each."""
    ends = [number for one in reversed(further) for number in (0, one)]
    return pad(block, ends).contiguous()


class _DenseInside(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        *blocks, emissions, spans, lengths = given
        words = torch.tensor([0, *lengths]).cumsum(0)
        separate = blocks[0].dim() == 4
        sizes = (max(lengths), len(lengths), blocks[4].shape[-1], blocks[5].shape[-1], int(separate))
        totals = emissions.new_empty(len(lengths))
        tensors = (*blocks, words, emissions, spans)
        native.call("dense_inside_forward", emissions.dtype, sizes, (*tensors, totals))
        ctx.sizes = sizes
        ctx.save_for_backward(*tensors)
        return totals

    @staticmethod
    def backward(ctx: Any, d_totals: Tensor) -> Any:
        refuse_second_derivatives()
        *blocks, words, emissions, spans = ctx.saved_tensors
        sentences, separate = ctx.sizes[1], ctx.sizes[-1]
        d_emissions = torch.empty_like(emissions)
        d_spans = torch.zeros_like(spans) if ctx.needs_input_grad[7] else None
        wanted = any(ctx.needs_input_grad[:6])
        owners = sentences if separate else min(torch.get_num_threads(), sentences)
        kept = [block.shape[separate:] for block in blocks]
        d_blocks = [emissions.new_zeros(owners, *shape) if wanted else None for shape in kept]
        tensors = (*blocks, words, emissions, spans, d_totals.contiguous(), d_emissions, d_spans, *d_blocks)
        native.call("dense_inside_backward", emissions.dtype, ctx.sizes, tensors)
        found = [block if block is None or separate else block.sum(0) for block in d_blocks]
        return *found, d_emissions, d_spans, None
