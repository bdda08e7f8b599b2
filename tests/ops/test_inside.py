"""The inside algorithms: against all trees of short sentences, and the fast form against the plain one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops import native
from onlstm_parse.ops.dense_inside import (
    DenseRules,
    dense_inside,
    dense_inside_reference,
    dense_inside_scaled,
)
from onlstm_parse.ops.inside import Rules, inside, inside_reference


class Kind(NamedTuple):
    """A kind of rules: its two algorithms, the shapes of its distributions, and one rule's probability."""

    rules: Callable[..., Any]
    fast: Callable[..., Tensor]
    reference: Callable[..., Tensor]
    shapes: Callable[[int, int], list[tuple[int, ...]]]
    """From nonterminals and symbols."""
    probability: Callable[[Any, int, int, int], Tensor]
    """p(A → B C) from rules, A, B, C."""
    separate: bool = False
    """Whether each sentence has rules of its own."""

    @property
    def both(self) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
        return self.fast, self.reference


SIMPLE = Kind(
    Rules,
    inside,
    inside_reference,
    lambda n, m: [(n, m), (n, m), (m,)],
    lambda rules, a, b, c: rules.left[a, b] * rules.right[a, c],
)
DENSE = Kind(
    DenseRules,
    dense_inside,
    dense_inside_reference,
    lambda n, m: [(n, m, m), (m,)],
    lambda rules, a, b, c: rules.binary[a, b, c],
)
SEPARATE = DENSE._replace(separate=True)
SCALED = DENSE._replace(fast=dense_inside_scaled)
SEPARATE_SCALED = SEPARATE._replace(fast=dense_inside_scaled)
KINDS = pytest.mark.parametrize(
    "kind",
    [SIMPLE, DENSE, SEPARATE, SCALED, SEPARATE_SCALED],
    ids=["simple", "dense", "separate", "scaled", "separate scaled"],
)

# nonterminals, preterminals, lengths of sentences
SIZES = [
    (3, 4, [5, 1, 7, 7, 2, 3]),
    (8, 5, [1]),
    (1, 1, [2]),
    (7, 9, [1, 11]),
    (4, 4, [8, 8, 3]),
    (17, 18, [3, 14]),  # more than a tile of products
]


def grammar(
    nonterminals: int,
    preterminals: int,
    lengths: list[int],
    dtype: torch.dtype = torch.float64,
    kind: Kind = SIMPLE,
) -> tuple[Any, Tensor, Tensor]:
    """Rules, emissions and scores of brackets, that all have gradients."""
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    def distribution(*shape: int) -> Tensor:
        scores = 2 * random(*shape)
        choices = scores.flatten(-2) if len(shape) > 2 else scores  # pairs of children, or one symbol
        return choices.softmax(-1).view(shape).requires_grad_()

    shapes = kind.shapes(nonterminals, nonterminals + preterminals)
    if kind.separate:
        shapes = [(len(lengths), *shape) for shape in shapes]
    rules = kind.rules(*(distribution(*shape) for shape in shapes))
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


def derivations(
    kind: Kind, tree: tuple, rules: Any, emissions: Tensor, spans: Tensor
) -> dict[int, list[float]]:
    """The probabilities of all derivations with the brackets of a tree, by the symbol of its top."""
    nonterminals = len(rules[0])
    if len(tree) == 2:
        return {nonterminals + k: [p] for k, p in enumerate(emissions[tree[0]].exp().tolist())}
    left, right = (derivations(kind, child, rules, emissions, spans) for child in tree[2:])
    bonus = float(spans[tree[0], tree[1]].exp())
    return {
        parent: [
            float(kind.probability(rules, parent, a, b)) * bonus * p * q
            for a, b in product(left, right)
            for p, q in product(left[a], right[b])
        ]
        for parent in range(nonterminals)
    }


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@KINDS
def test_all_derivations_of_all_trees(length, kind) -> None:
    rules, emissions, spans = grammar(2, 2, [length], kind=kind)
    shared = (part[0] if kind.separate else part for part in rules)
    plain = kind.rules(*(part.detach() for part in shared)), emissions.detach(), spans[0].detach()
    total, best, shares = 0.0, 0.0, torch.zeros(length, length + 1, dtype=torch.float64)
    for tree in trees(0, length):
        found = derivations(kind, tree, *plain)
        ends = [float(plain[0].root[symbol]) * p for symbol, all_of in found.items() for p in all_of]
        total, best = total + sum(ends), max(best, *ends)
        waiting = [tree]
        while waiting:
            start, stop, *children = waiting.pop()
            waiting += children
            if children:
                shares[start, stop] += sum(ends)
    for function in kind.both:
        found = function(rules, emissions, [length], spans)
        assert found.item() == pytest.approx(math.log(total), abs=1e-10)
        gradient = torch.autograd.grad(found.sum(), spans, allow_unused=True, materialize_grads=True)[0][0]
        torch.testing.assert_close(gradient, shares / total)
    viterbi = kind.reference(rules, emissions, [length], spans, viterbi=True)
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
@KINDS
def test_the_fast_form_is_the_reference(sizes, dtype, close, with_spans, kind) -> None:
    *symbols, lengths = sizes
    fast, exact = (
        everything(function, grammar(*symbols, lengths, dtype, kind), lengths, with_spans)
        for function in kind.both
    )
    for ours, theirs in zip(fast, exact, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=close, atol=close)


@pytest.mark.parametrize("wanted", ["all", "rules", "words", "spans"])
@KINDS
def test_gradients_of_a_mean_and_of_some_arguments(kind, wanted) -> None:
    """Gradients that one pass can give, for they are alike for all sentences or apart for each."""
    lengths = [5, 1, 7, 2]
    found = []
    for function in kind.both:
        rules, emissions, spans = grammar(3, 4, lengths, kind=kind)
        leaves = {"rules": [*rules], "words": [emissions], "spans": [spans]}
        for name, parts in leaves.items():
            for part in parts:
                part.requires_grad_(wanted in (name, "all"))
        mean = function(rules, emissions, lengths, spans).mean()
        chosen = [part for parts in leaves.values() for part in parts if part.requires_grad]
        found.append([mean, *torch.autograd.grad(mean, chosen)])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_separate_rules_are_those_of_each_sentence_alone() -> None:
    lengths = [4, 1, 5]
    rules, emissions, spans = grammar(3, 2, lengths, kind=SEPARATE)
    for function in SEPARATE.both:
        together = function(rules, emissions, lengths, spans)
        for row, (length, words) in enumerate(zip(lengths, emissions.split(lengths), strict=True)):
            own = DenseRules(*(part[row] for part in rules))
            alone = function(own, words, [length], spans[row : row + 1])
            torch.testing.assert_close(alone[0], together[row])


def test_rules_that_no_sentence_needs_have_a_gradient_of_0() -> None:
    """A team of processes waits for it."""
    rules, emissions, _ = grammar(3, 2, [1, 1], kind=DENSE)
    dense_inside(rules, emissions, [1, 1]).sum().backward()
    assert torch.equal(rules.binary.grad, torch.zeros_like(rules.binary))


@KINDS
def test_gradients_are_those_of_finite_differences(kind) -> None:
    rules, emissions, spans = grammar(2, 3, [4, 1, 3], kind=kind)

    def log_probabilities(*given: Tensor) -> Tensor:
        *parts, words, scores = given
        return kind.fast(kind.rules(*parts), words, [4, 1, 3], scores)

    assert torch.autograd.gradcheck(log_probabilities, (*rules, emissions, spans))


@KINDS
def test_several_threads_give_the_same(kind) -> None:
    lengths = [9, 9, 4]
    given = grammar(5, 4, lengths, kind=kind)
    before = torch.get_num_threads()
    alone = everything(kind.fast, given, lengths, True)
    try:
        torch.set_num_threads(3)
        together = everything(kind.fast, given, lengths, True)
    finally:
        torch.set_num_threads(before)
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(ours, theirs)


@KINDS
def test_bf16_products_are_near(kind) -> None:
    rules, emissions, _ = grammar(12, 8, [9, 4], torch.float32, kind)
    exact = kind.reference(rules, emissions, [9, 4])
    with torch.autocast("cpu", torch.bfloat16):
        found = kind.fast(rules, emissions, [9, 4])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, exact, rtol=1e-2, atol=0)


@KINDS
def test_a_forbidden_bracket_has_probability_0_and_the_rest_goes_to_the_others(kind) -> None:
    rules, emissions, _ = grammar(3, 4, [4], kind=kind)
    spans = torch.zeros(1, 4, 5, dtype=torch.float64)
    for start, stop in ((0, 2), (0, 3), (1, 3)):
        spans[0, start, stop] = -torch.inf  # only [a [b [c d]]] is left
    spans.requires_grad_()
    allowed = [(0, 4), (1, 4), (2, 4)]
    for function in kind.both:
        found = function(rules, emissions, [4], spans)
        gradient = torch.autograd.grad(found.sum(), spans)[0][0]
        assert [tuple(span) for span in gradient.nonzero().tolist()] == allowed
        assert all(gradient[span].item() == pytest.approx(1) for span in allowed)


@pytest.mark.parametrize(("kind", "length"), [(SIMPLE, 200), (DENSE, 60)], ids=["simple", "dense"])
def test_a_long_sentence_neither_underflows_nor_overflows(kind, length) -> None:
    rules, emissions, _ = grammar(6, 5, [length], torch.float32, kind)
    found = kind.fast(rules, emissions - 60, [length])
    doubled = kind.rules(*(part.double() for part in rules))
    exact = kind.reference(doubled, (emissions - 60).double(), [length])
    assert found.item() == pytest.approx(exact.item(), rel=1e-5)
    assert all(part.isfinite().all() for part in torch.autograd.grad(found.sum(), (*rules, emissions)))


@pytest.mark.parametrize("kind", [SIMPLE, DENSE], ids=["simple", "dense"])
def test_without_a_compiler_plain_pytorch_is_taken(kind, monkeypatch) -> None:
    lengths = [5, 2]
    given = grammar(3, 4, lengths, kind=kind)
    compiled = everything(kind.fast, given, lengths, True)
    monkeypatch.setattr(native, "library", lambda dtype: None)
    for ours, theirs in zip(everything(kind.fast, given, lengths, True), compiled, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", [SIMPLE, DENSE], ids=["simple", "dense"])
def test_second_derivatives_are_refused(kind) -> None:
    rules, emissions, _ = grammar(3, 4, [3], kind=kind)
    if native.library() is None:
        pytest.skip("plain PyTorch has second derivatives")
    with pytest.raises(OnlstmError, match="second derivatives"):
        torch.autograd.grad(kind.fast(rules, emissions, [3]).sum(), emissions, create_graph=True)
