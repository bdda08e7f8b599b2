"""The inside algorithm: against all trees of short sentences, and the fast form against the plain one."""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import pytest
import torch
from torch import Tensor

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops import native
from onlstm_parse.ops.inside import Rules, inside, inside_reference

# nonterminals, preterminals, lengths of sentences
SIZES = [(3, 4, [5, 1, 7, 7, 2, 3]), (8, 5, [1]), (1, 1, [2]), (17, 9, [1, 13]), (4, 4, [12, 12, 3])]


def grammar(
    nonterminals: int, preterminals: int, lengths: list[int], dtype: torch.dtype = torch.float64
) -> tuple[Rules, Tensor, Tensor]:
    """Rules, emissions and scores of brackets, that all have gradients."""
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    symbols = nonterminals + preterminals
    shapes = (nonterminals, symbols), (nonterminals, symbols), (symbols,)
    rules = Rules(*((2 * random(*shape)).softmax(-1).requires_grad_() for shape in shapes))
    emissions = (3 * random(sum(lengths), preterminals) - 5).requires_grad_()
    n = max(lengths)
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


def derivations(tree: tuple, rules: Rules, emissions: Tensor, spans: Tensor) -> dict[int, list[float]]:
    """The probabilities of all derivations with the brackets of a tree, by the symbol of its top."""
    nonterminals = len(rules.left)
    if len(tree) == 2:
        return {nonterminals + k: [p] for k, p in enumerate(emissions[tree[0]].exp().tolist())}
    left, right = (derivations(child, rules, emissions, spans) for child in tree[2:])
    bonus = float(spans[tree[0], tree[1]].exp())
    return {
        parent: [
            float(rules.left[parent, a] * rules.right[parent, b]) * bonus * p * q
            for a, b in product(left, right)
            for p, q in product(left[a], right[b])
        ]
        for parent in range(nonterminals)
    }


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("function", [inside, inside_reference])
def test_all_derivations_of_all_trees(length, function) -> None:
    rules, emissions, spans = grammar(2, 2, [length])
    plain = Rules(*(part.detach() for part in rules)), emissions.detach(), spans[0].detach()
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
    viterbi = inside_reference(rules, emissions, [length], spans, viterbi=True)
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
        for function in (inside, inside_reference)
    )
    for ours, theirs in zip(fast, exact, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=close, atol=close)


def test_gradients_are_those_of_finite_differences() -> None:
    rules, emissions, spans = grammar(2, 3, [4, 1, 3])
    assert torch.autograd.gradcheck(
        lambda *given: inside(Rules(*given[:3]), given[3], [4, 1, 3], given[4]), (*rules, emissions, spans)
    )


def test_several_threads_give_the_same() -> None:
    given, lengths = grammar(5, 4, [9, 9, 4]), [9, 9, 4]
    before = torch.get_num_threads()
    alone = everything(inside, given, lengths, True)
    try:
        torch.set_num_threads(3)
        together = everything(inside, given, lengths, True)
    finally:
        torch.set_num_threads(before)
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_bf16_products_are_near() -> None:
    rules, emissions, _ = grammar(16, 8, [9, 4], torch.float32)
    exact = inside_reference(rules, emissions, [9, 4])
    with torch.autocast("cpu", torch.bfloat16):
        found = inside(rules, emissions, [9, 4])
    torch.testing.assert_close(found, exact, rtol=1e-2, atol=0)


@pytest.mark.parametrize("function", [inside, inside_reference])
def test_a_forbidden_bracket_has_probability_0_and_the_rest_goes_to_the_others(function) -> None:
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


def test_a_sentence_of_200_words_neither_underflows_nor_overflows() -> None:
    rules, emissions, _ = grammar(6, 5, [200], torch.float32)
    found = inside(rules, emissions - 60, [200])
    exact = inside_reference(Rules(*(part.double() for part in rules)), (emissions - 60).double(), [200])
    assert found.item() == pytest.approx(exact.item(), rel=1e-5)
    assert all(part.isfinite().all() for part in torch.autograd.grad(found.sum(), (*rules, emissions)))


def test_without_a_compiler_the_reference_is_taken(monkeypatch) -> None:
    given, lengths = grammar(3, 4, [5, 2]), [5, 2]
    compiled = everything(inside, given, lengths, True)
    monkeypatch.setattr(native, "library", lambda: None)
    for ours, theirs in zip(everything(inside, given, lengths, True), compiled, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_second_derivatives_are_refused() -> None:
    rules, emissions, _ = grammar(3, 4, [3])
    if native.library() is None:
        pytest.skip("the reference has second derivatives")
    with pytest.raises(OnlstmError, match="second derivatives"):
        torch.autograd.grad(inside(rules, emissions, [3]).sum(), emissions, create_graph=True)
