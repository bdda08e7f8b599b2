"""The inside algorithm with scaled probabilities: products of matrices, and compiled sums over splits.

Each span has a scale, so that its largest probability is 1 and nothing underflows; only scales are kept as
logarithms. All spans of a width are multiplied by the rules at once. The gradient of a span is gathered from
the wider spans around it. Memory is linear in the number of spans.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.first_order import refuse_second_derivatives
from onlstm_parse.ops.inside.layout import Layout
from onlstm_parse.ops.inside.reference import Rules, inside_reference
from onlstm_parse.ops.product import product, transposed


def inside(rules: Rules, emissions: Tensor, lengths: list[int], spans: Tensor | None = None) -> Tensor:
    """See `inside_reference`: same arguments, same results."""
    kind = native.compiled_type(emissions)
    if kind is None:
        return inside_reference(rules, emissions, lengths, spans)
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    if order != sorted(order):
        words = emissions.split(lengths)
        emissions = torch.cat([words[sentence] for sentence in order])
        spans = None if spans is None else spans[order]
    layout = Layout([lengths[sentence] for sentence in order])
    totals: Tensor = _Inside.apply(*rules, emissions, spans, layout, kind)
    return totals[torch.tensor(order).argsort()]


class _Inside(torch.autograd.Function):
    """What is kept of a span: its symbols (N,), or preterminals (P,), and as a left and right child (2N,)."""

    @staticmethod
    def forward(
        ctx: Any,
        left: Tensor,
        right: Tensor,
        root: Tensor,
        emissions: Tensor,
        spans: Tensor | None,
        layout: Layout,
        kind: torch.dtype,
    ) -> Tensor:
        words, nonterminals = len(emissions), len(left)
        rules = torch.cat((left, right)).to(kind)  # (2N, M)
        over_spans, over_words = rules[:, :nonterminals].contiguous(), rules[:, nonterminals:].contiguous()
        bonus = None if spans is None else spans[layout.positions()].to(emissions.dtype)
        scales, inner = emissions.new_zeros(2, layout.rows)
        scales[:words] = emissions.amax(1)
        preterminals = (emissions - scales[:words, None]).exp().to(kind)
        symbols = preterminals.new_zeros(layout.rows - words, nonterminals)
        children = preterminals.new_empty(layout.rows, 2 * nonterminals)
        children[:words] = product(preterminals, over_words)
        for width in layout.widths:
            rows, inside_rows = layout.of_width(width), layout.of_width(width, words)
            found = symbols[inside_rows]
            sizes = (width, len(found), nonterminals)
            native.call("inside_forward", kind, sizes, (*layout.facts, children, bonus, scales, inner, found))
            children[rows] = product(found, over_spans)
        ends = emissions.new_empty(len(layout.roots))
        for kept, sentences, rows, part in _ends(layout, preterminals, symbols, root):
            ends[sentences] = (kept[rows] * part).sum(1)
        ctx.layout, ctx.kind = layout, kind
        ctx.shape = None if spans is None else spans.shape
        ctx.save_for_backward(
            root, over_spans, over_words, preterminals, symbols, children, scales, inner, ends
        )
        return scales[layout.roots] + ends.log()

    @staticmethod
    def backward(ctx: Any, d_totals: Tensor) -> Any:
        refuse_second_derivatives()
        layout, kind = ctx.layout, ctx.kind
        root, over_spans, over_words, preterminals, symbols, children, scales, inner, ends = ctx.saved_tensors
        words, nonterminals = len(preterminals), symbols.shape[1]
        d_ends = d_totals / ends
        d_root = torch.zeros_like(root)
        d_preterminals, d_symbols = torch.zeros_like(preterminals), torch.zeros_like(symbols)
        grown = (d_preterminals, d_root[nonterminals:]), (d_symbols, d_root[:nonterminals])
        for (kept, sentences, rows, part), (d_kept, d_part) in zip(
            _ends(layout, preterminals, symbols, root), grown, strict=True
        ):
            d_kept[rows] = (d_ends[sentences, None] * part).to(kind)
            d_part.copy_((d_ends[sentences, None] * kept[rows]).sum(0))
        d_children = torch.empty_like(children)
        back = transposed(over_spans)
        for width in (*reversed(layout.widths), 1):
            rows = layout.of_width(width)
            found = d_children[rows]
            sizes = (width, len(found), nonterminals)
            native.call(
                "inside_backward", kind, sizes, (*layout.facts, children, scales, inner, d_symbols, found)
            )
            if width > 1:
                d_symbols[layout.of_width(width, words)] += product(found, back)
        d_emissions = None
        if ctx.needs_input_grad[3]:
            d_preterminals += product(d_children[:words], transposed(over_words))
            d_emissions = d_preterminals.to(root.dtype) * preterminals
        d_left = d_right = None
        if ctx.needs_input_grad[0]:
            by_spans = product(transposed(d_children[words:]), transposed(symbols))
            by_words = product(transposed(d_children[:words]), transposed(preterminals))
            d_left, d_right = torch.cat((by_spans, by_words), dim=1).to(root.dtype).chunk(2)
        d_spans = None
        if ctx.needs_input_grad[4]:
            d_spans = root.new_zeros(ctx.shape)
            sentences, starts, stops = (part[words:] for part in layout.positions())
            d_spans[sentences, starts, stops] = (symbols.to(root.dtype) * d_symbols).sum(1)
        return d_left, d_right, d_root, d_emissions, d_spans, None, None


def _ends(layout: Layout, preterminals: Tensor, symbols: Tensor, root: Tensor) -> Any:
    """For sentences of one word and longer ones: what is kept, the sentences, their rows, their roots."""
    single = layout.lengths == 1
    nonterminals, words = symbols.shape[1], len(preterminals)
    yield preterminals, single, layout.roots[single], root[nonterminals:]
    yield symbols, ~single, layout.roots[~single] - words, root[:nonterminals]
