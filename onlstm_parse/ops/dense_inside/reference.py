"""The inside algorithm with dense rules in log space, width by width, with PyTorch's own gradients."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from onlstm_parse.ops.inside.reference import IMPOSSIBLE


class DenseRules(NamedTuple):
    """Probabilities; those of each parent sum to 1. Either form is for all sentences or, with B, for each."""

    binary: Tensor
    """(N, M, M) or (B, N, M, M): of the left and the right child, given the parent."""
    root: Tensor
    """(M,) or (B, M): of the symbol of a whole sentence."""


def dense_inside_reference(
    rules: DenseRules,
    emissions: Tensor,
    lengths: list[int],
    spans: Tensor | None = None,
    viterbi: bool = False,
) -> Tensor:
    """The log probability of each sentence, (B,); see `ops.inside.inside_reference`."""
    binary, root = (part.clamp_min(torch.finfo(part.dtype).tiny).log() for part in rules)
    nonterminals, n, batch = binary.shape[-3], max(lengths), len(lengths)
    binary, root = binary.reshape(-1, 1, *binary.shape[-3:]), root.expand(batch, -1)
    words = torch.nn.utils.rnn.pad_sequence(list(emissions.split(lengths)), batch_first=True)
    chart = [torch.cat((words.new_full((batch, n, nonterminals), IMPOSSIBLE), words), -1)]  # (B, spans, M)
    for width in range(2, n + 1):
        count = n - width + 1
        pairs = torch.stack(
            [
                chart[k - 1][:, :count, :, None] + chart[width - k - 1][:, k : k + count, None, :]
                for k in range(1, width)
            ]
        )  # (splits, B, spans, M, M)
        scores = pairs.unsqueeze(3) + binary
        found = (
            scores.amax((0, 4, 5)) if viterbi else scores.permute(1, 2, 3, 0, 4, 5).flatten(3).logsumexp(3)
        )
        if spans is not None:
            found = found + spans.diagonal(width, 1, 2)[:, :count].clamp_min(IMPOSSIBLE).unsqueeze(-1)
        empty = found.new_full((batch, count, words.shape[2]), IMPOSSIBLE)
        chart.append(torch.cat((found, empty), -1))
    totals = []
    for sentence, length in enumerate(lengths):
        ends = chart[length - 1][sentence, 0] + root[sentence]
        totals.append(ends.amax() if viterbi else ends.logsumexp(0))
    return torch.stack(totals)
