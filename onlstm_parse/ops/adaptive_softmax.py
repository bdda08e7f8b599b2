"""The adaptive softmax for large vocabularies, as several small softmaxes.

    p(w) = p_0(w)               for the most frequent words, the shortlist
    p(w) = p_0(k) · p_k(w)      for a word of cluster k

p_0 is over the shortlist and the clusters, p_k over the words of cluster k. A frequent word costs one
small softmax, a rare one two. Ids have to be in order of frequency, as those of `Vocabulary` are.

Source: Grave et al. 2017, and `torch.nn.AdaptiveLogSoftmaxWithLoss`; without the narrower projections
of rare words, so that all words keep the vectors that they share with the embedding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor


class Part(NamedTuple):
    """A softmax and the targets that it is for; arguments as for `tied_cross_entropy`."""

    rows: Tensor  # (M,) of N
    hidden: Tensor  # (M, E)
    weight: Tensor
    bias: Tensor
    targets: Tensor  # (M,)


def cluster_sizes(words: int) -> list[int]:
    """The sizes of the shortlist, a twentieth of the words, and of the clusters, which end at a fifth, half
    and all.

    >>> cluster_sizes(100_000)
    [5000, 15000, 30000, 50000]
    """
    ends = sorted({0, -(-words // 20), -(-words // 5), -(-words // 2), words})
    return [stop - start for start, stop in pairwise(ends)]


def adaptive_parts(
    hidden: Tensor, weight: Tensor, bias: Tensor, clusters: Tensor, cluster_bias: Tensor, targets: Tensor
) -> list[Part]:
    """The softmaxes whose losses add up to those of targets (N,). An empty cluster has none.

    hidden (N, E), weight (V, E), bias (V,), clusters (K, E), cluster_bias (K,); see `cluster_sizes`.
    """
    sizes = cluster_sizes(len(weight))
    weights, biases = weight.split(sizes), bias.split(sizes)
    ends = torch.tensor(sizes, device=targets.device).cumsum(0)
    cluster = torch.bucketize(targets, ends, right=True)  # 0: the shortlist
    first = torch.where(cluster == 0, targets, sizes[0] + cluster - 1)
    everything = torch.arange(len(targets), device=targets.device)
    shortlist = torch.cat((weights[0], clusters)), torch.cat((biases[0], cluster_bias))
    parts = [Part(everything, hidden, *shortlist, first)]
    for k in range(1, len(sizes)):
        rows = (cluster == k).nonzero().squeeze(1)
        if len(rows):
            parts.append(Part(rows, hidden[rows], weights[k], biases[k], targets[rows] - ends[k - 1]))
    return parts
