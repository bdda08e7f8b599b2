"""The inside algorithm with dense rules and scaled probabilities in plain PyTorch: a few products a width.

Each span has a scale, so that its largest probability is 1; only scales are logarithms. The children of all
splits of a span become one matrix, left children times right ones, and the matrices of all spans of a width
are multiplied by the rules at once. Words are preterminals and wider spans nonterminals, so the rules are
taken in four blocks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onlstm_parse.ops.dense_inside.reference import DenseRules


def dense_inside_scaled(
    rules: DenseRules, emissions: Tensor, lengths: list[int], spans: Tensor | None = None
) -> Tensor:
    """The log probability of each sentence, (B,): as `dense_inside_reference`."""
    binary, root = rules
    nonterminals, n, batch = binary.shape[-3], max(lengths), len(lengths)
    roots = root.expand(batch, -1)
    over = _Blocks(binary)
    padded = torch.nn.utils.rnn.pad_sequence(list(emissions.split(lengths)), batch_first=True)
    scales = [padded.amax(2)]  # [w - 1]: (B, n - w + 1)
    words = (padded - scales[0].unsqueeze(2)).exp()  # (B, n, P)
    symbols: list[Tensor] = []  # [w - 2]: (B, n - w + 1, N)
    for width in range(2, n + 1):
        count = n - width + 1
        weights = torch.stack(
            [scales[k - 1][:, :count] + scales[width - k - 1][:, k : k + count] for k in range(1, width)], 2
        )
        largest = weights.amax(2)
        found = over.parents(words, symbols, width, (weights - _finite(largest).unsqueeze(2)).exp())
        most = found.amax(2)
        scale = largest + most.clamp_min(torch.finfo(found.dtype).tiny).log()
        if spans is not None:
            scale = scale + spans.diagonal(width, 1, 2)[:, :count]
        symbols.append(found / most.clamp_min(torch.finfo(found.dtype).tiny).unsqueeze(2))
        scales.append(scale)
    totals = []
    for sentence, length in enumerate(lengths):
        kept = words[sentence, 0] if length == 1 else symbols[length - 2][sentence, 0]
        start = roots[sentence, nonterminals:] if length == 1 else roots[sentence, :nonterminals]
        totals.append((kept * start).sum().log() + scales[length - 1][sentence, 0])
    if n == 1:  # no sentence needs the rules, but a team of processes waits for every gradient
        totals[0] = totals[0] + binary[..., :0].sum()
    return torch.stack(totals)


def _finite(scale: Tensor) -> Tensor:
    """0 where no split is possible: the difference to it stays -inf."""
    return scale.masked_fill(scale == -torch.inf, 0.0)


class _Blocks:
    """The rules by what the children are, each as (pairs of children, N), or (B, pairs of children, N)."""

    def __init__(self, binary: Tensor) -> None:
        n = binary.shape[-3]
        self.spans = binary[..., :n, :n].flatten(-2).mT
        self.word_span = binary[..., n:, :n].flatten(-2).mT
        self.span_word = binary[..., :n, n:].flatten(-2).mT
        self.words = binary[..., n:, n:].flatten(-2).mT

    def parents(self, words: Tensor, symbols: list[Tensor], width: int, weights: Tensor) -> Tensor:
        """Sums over splits and children, (B, spans, N); weights (B, spans, splits)."""
        count = weights.shape[1]
        last = width - 1
        if width == 2:
            return self._pairs(words[:, :-1], words[:, 1:], weights[..., 0]) @ self.words
        wider = symbols[width - 3]  # of width - 1
        total = self._pairs(words[:, :count], wider[:, 1:], weights[..., 0]) @ self.word_span
        total = total + self._pairs(wider[:, :count], words[:, last:], weights[..., -1]) @ self.span_word
        if width > 3:
            left = torch.stack([symbols[k - 2][:, :count] for k in range(2, last)], 2)
            right = torch.stack([symbols[width - k - 2][:, k : k + count] for k in range(2, last)], 2)
            inner = (left * weights[..., 1:-1, None]).transpose(2, 3) @ right  # (B, spans, N, N)
            total = total + inner.flatten(2) @ self.spans
        return total

    @staticmethod
    def _pairs(left: Tensor, right: Tensor, weights: Tensor) -> Tensor:
        """The products of all symbols of two children, (B, spans, pairs)."""
        return ((left * weights.unsqueeze(2)).unsqueeze(3) * right.unsqueeze(2)).flatten(2)
