"""The inside algorithm with dense rules: against all trees of short sentences, and fast against plain."""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import pytest
import torch
from torch import Tensor

from onlstm_parse.ops.dense_inside import DenseRules, dense_inside, dense_inside_reference

# nonterminals, preterminals, lengths of sentences
SIZES = [(3, 4, [5, 1, 7, 7, 2, 3]), (4, 3, [1]), (1, 1, [2]), (5, 2, [1, 9]), (2, 3, [6, 6, 3])]


def grammar(nonterminals: int, preterminals: int, lengths: list[int], dtype=torch.float64) -> tuple:
    """Rules, emissions and scores of brackets, that all have gradients."""
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    symbols, n = nonterminals + preterminals, max(lengths)
    binary = (2 * random(nonterminals, symbols * symbols)).softmax(-1).view(nonterminals, symbols, symbols)
    rules = DenseRules(binary.requires_grad_(), (2 * random(symbols)).softmax(-1).requires_grad_())
    emissions = (3 * random(sum(lengths), preterminals) - 5).requires_grad_()
    return rules, emissions, random(len(lengths), n, n + 1).requires_grad_()


@cache
def trees(start: int, stop: int) -> list[tuple]:
    """All binary trees over the words, as (start, stop, left, right)."""
    if stop - start == 1:
        return [(start, stop)]
    return [
        (start, stop, left, right)
        for middle in range(start + 1, stop)
        for left, right in product(trees(start, middle), trees(middle, stop))
    ]


def derivations(tree: tuple, rules: DenseRules, emissions: Tensor, spans: Tensor) -> dict[int, list[float]]:
    """The probabilities of all derivations with the brackets of a tree, by the symbol of its top."""
    nonterminals = len(rules.binary)
    if len(tree) == 2:
        return {nonterminals + k: [p] for k, p in enumerate(emissions[tree[0]].exp().tolist())}
    left, right = (derivations(child, rules, emissions, spans) for child in tree[2:])
    bonus = float(spans[tree[0], tree[1]].exp())
    return {
        parent: [
            float(rules.binary[parent, a, b]) * bonus * p * q
            for a, b in product(left, right)
            for p, q in product(left[a], right[b])
        ]
        for parent in range(nonterminals)
    }


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("function", [dense_inside, dense_inside_reference])
def test_all_derivations_of_all_trees(length, function) -> None:
    rules, emissions, spans = grammar(2, 2, [length])
    plain = DenseRules(*(part.detach() for part in rules)), emissions.detach(), spans[0].detach()
    total, best, shares = 0.0, 0.0, torch.zeros(length, length + 1, dtype=torch.float64)
    for tree in trees(0, length):
        found = derivations(tree, *plain)
        ends = [float(plain[0].root[symbol]) * p for symbol, all_of in found.items() for p in all_of]
        total, best = total + sum(ends), max(best, *ends)
        waiting = [tree]
        while waiting:
            start, stop, *children = waiting.pop()
            waiting += children
            if children:
                shares[start, stop] += sum(ends)
    found = function(rules, emissions, [length], spans)
    assert found.item() == pytest.approx(math.log(total), abs=1e-10)
    gradient = torch.autograd.grad(found.sum(), spans, allow_unused=True, materialize_grads=True)[0][0]
    torch.testing.assert_close(gradient, shares / total)
    viterbi = dense_inside_reference(rules, emissions, [length], spans, viterbi=True)
    assert viterbi.item() == pytest.approx(math.log(best), abs=1e-10)


def everything(function, given: tuple, lengths: list[int], with_spans: bool) -> list[Tensor]:
    """The log probabilities, and the gradient of every argument from all of them."""
    rules, emissions, spans = given
    found = function(rules, emissions, lengths, spans if with_spans else None)
    weights = torch.randn(len(lengths), generator=torch.Generator().manual_seed(2)).to(found)
    leaves = (*rules, emissions, *[spans] * with_spans)
    gradients = torch.autograd.grad(
        (found * weights).sum(), leaves, allow_unused=True, materialize_grads=True
    )
    return [found.detach(), *gradients]


@pytest.mark.parametrize("with_spans", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_the_fast_form_is_the_reference(sizes, dtype, close, with_spans) -> None:
    *symbols, lengths = sizes
    fast, exact = (
        everything(function, grammar(*symbols, lengths, dtype), lengths, with_spans)
        for function in (dense_inside, dense_inside_reference)
    )
    for ours, theirs in zip(fast, exact, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=close, atol=close)


def test_gradients_are_those_of_finite_differences() -> None:
    rules, emissions, spans = grammar(2, 3, [4, 1, 3])
    assert torch.autograd.gradcheck(
        lambda *given: dense_inside(DenseRules(*given[:2]), given[2], [4, 1, 3], given[3]),
        (*rules, emissions, spans),
    )


def test_bf16_products_are_near() -> None:
    rules, emissions, _ = grammar(8, 6, [9, 4], torch.float32)
    exact = dense_inside_reference(rules, emissions, [9, 4])
    with torch.autocast("cpu", torch.bfloat16):
        found = dense_inside(rules, emissions, [9, 4])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, exact, rtol=1e-2, atol=0)


@pytest.mark.parametrize("function", [dense_inside, dense_inside_reference])
def test_a_forbidden_bracket_has_probability_0(function) -> None:
    rules, emissions, _ = grammar(3, 4, [4])
    spans = torch.zeros(1, 4, 5, dtype=torch.float64)
    for start, stop in ((0, 2), (0, 3), (1, 3)):
        spans[0, start, stop] = -torch.inf  # only [a [b [c d]]] is left
    spans.requires_grad_()
    found = function(rules, emissions, [4], spans)
    gradient = torch.autograd.grad(found.sum(), spans)[0][0]
    allowed = [(0, 4), (1, 4), (2, 4)]
    assert [tuple(span) for span in gradient.nonzero().tolist()] == allowed
    assert all(gradient[span].item() == pytest.approx(1) for span in allowed)


def test_a_sentence_of_100_words_neither_underflows_nor_overflows() -> None:
    rules, emissions, _ = grammar(3, 4, [100], torch.float32)
    found = dense_inside(rules, emissions - 60, [100])
    exact = dense_inside(DenseRules(*(part.double() for part in rules)), (emissions - 60).double(), [100])
    assert found.item() == pytest.approx(exact.item(), rel=1e-5)
    assert all(part.isfinite().all() for part in torch.autograd.grad(found.sum(), (*rules, emissions)))
