"""The inside algorithm in log space, width by width, with PyTorch's own gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

IMPOSSIBLE = -1e30  # for log 0: sums of it stay finite, and so do gradients


class Rules(NamedTuple):
    """Probabilities of a simple PCFG; each row sums to 1."""

    left: Tensor
    """(N, M): of a left child, given the parent."""
    right: Tensor
    """(N, M): of a right child, given the parent."""
    root: Tensor
    """(M,): of the symbol of a whole sentence."""


def inside_reference(
    rules: Rules,
    emissions: Tensor,
    lengths: list[int],
    spans: Tensor | None = None,
    viterbi: bool = False,
) -> Tensor:
    """The log probability of each sentence, (B,); with `viterbi` that of its best derivation.

    emissions (T, P) are log p(word | preterminal) of the T words of all sentences, one after another.
    spans (B, n, n + 1) is added to the score of each bracket from i to j, i + 2 <= j, at [b, i, j]; n is
    the longest sentence; -inf forbids a bracket. The gradient with respect to `spans` is the probability
    of each bracket, with `viterbi` the brackets of the best derivation (ties share it).
    """
    left, right, root = rules
    nonterminals, n = len(left), max(lengths)
    padded = torch.nn.utils.rnn.pad_sequence(list(emissions.split(lengths)), batch_first=True)
    parts = {"left": left, "right": right}
    apply = _best_product if viterbi else _log_product
    gather: Callable[[Tensor], Tensor] = _best if viterbi else _log_sum
    # [w - 1]: (B, n - w + 1, ·) for all spans of width w: of the symbols, and of the children's side
    symbols = [padded]
    sides = {side: [apply(padded, part[:, nonterminals:])] for side, part in parts.items()}
    for width in range(2, n + 1):
        count = n - width + 1
        splits = [
            sides["left"][k - 1][:, :count] + sides["right"][width - k - 1][:, k : k + count]
            for k in range(1, width)
        ]
        score = gather(torch.stack(splits))
        if spans is not None:
            score = score + spans.diagonal(width, 1, 2)[:, :count].clamp_min(IMPOSSIBLE).unsqueeze(-1)
        symbols.append(score)
        for side, part in parts.items():
            sides[side].append(apply(score, part[:, :nonterminals]))
    totals = []
    for sentence, length in enumerate(lengths):
        start = root[nonterminals:] if length == 1 else root[:nonterminals]
        totals.append(apply(symbols[length - 1][sentence, :1], start.unsqueeze(0)).squeeze())
    return torch.stack(totals)


def _log_sum(scores: Tensor) -> Tensor:
    return scores.logsumexp(0)


def _best(scores: Tensor) -> Tensor:
    return scores.amax(0)


def _log_product(scores: Tensor, weights: Tensor) -> Tensor:
    """log (exp(scores) · weightsᵀ): scores (..., K), weights (N, K) -> (..., N)."""
    largest = scores.detach().amax(-1, keepdim=True)
    tiny = torch.finfo(scores.dtype).tiny
    return ((scores - largest).exp() @ weights.t()).clamp_min(tiny).log() + largest


def _best_product(scores: Tensor, weights: Tensor) -> Tensor:
    """The same with a maximum instead of the sum."""
    tiny = torch.finfo(scores.dtype).tiny
    return (scores.unsqueeze(-2) + weights.clamp_min(tiny).log()).amax(-1)
