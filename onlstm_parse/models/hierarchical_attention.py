"""Attention over words, over summaries of windows of words, over summaries of those, and so on.

    e⁰_t = x̄_t,   eˢ⁺¹ = Σ_j softmax_j(u · eˢ_j) eˢ_j   over each full window of w neighbours
    p_t = softmax(q_t · k + b)   over the last w elements of every scale that ended by token t
    x ← x + W_o Σ p_t v,   x ← x + W_2 gelu(W_1 x̄);   q, k, v = W e, b by head, scale and distance

An element of scale s sums up wˢ tokens, so a token sees w⁴ tokens back at a cost of 4 w keys, and
its path to a token at distance N is log_w N summaries long.
Source: this toolkit's own, after the summaries of Yang et al. 2016; the rest as in `attention`.
Levels: as `attention`, over the elements of all scales.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from onlstm_parse.models.attention import Attention
from onlstm_parse.models.base import LayerState
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.attention import split_heads
from onlstm_parse.ops.product import Linear

SCALES = 4


class HierarchicalAttention(Attention):
    """State, for each scale: its last w elements (B, ·, H), those without a summary yet, and p (B, A, ·)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__(input_size, hidden_size, config)
        self.summary = Linear(hidden_size, 1, bias=False)
        self.distance = nn.Parameter(torch.zeros(SCALES, config.window, config.heads))

    def initial_state(self, batch: int) -> LayerState:
        elements, weights = self.zeros(batch, 0, self.hidden_size), self.zeros(batch, self.config.heads, 0)
        return (elements, elements, weights) * SCALES

    def attend(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        steps, w, heads = x.shape[1], self.config.window, self.config.heads
        elements, ends = x.to(state[0].dtype), torch.arange(steps, device=x.device)
        scales, pendings, biases, befores = [], [], [], []
        for scale in range(SCALES):
            recent, pending, before = state[3 * scale : 3 * scale + 3]
            scales.append(torch.cat((recent, elements), 1))
            biases.append(self._bias(scale, recent.shape[1], ends, steps))
            befores.append(pad(before, (0, elements.shape[1])))
            ends = ends[w - 1 - pending.shape[1] :: w]
            elements, pending = self._summaries(torch.cat((pending, elements), 1))
            pendings.append(pending)
        seen, bias = torch.cat(scales, 1), torch.cat(biases, -1)
        key, value = (split_heads(part, heads) for part in self.key_value(seen).chunk(2, -1))
        query = split_heads(self.query(x), heads)
        attended = scaled_dot_product_attention(query, key, value, bias.expand(len(x), -1, -1, -1))
        last, levels = self.read(query, key, bias, torch.cat(befores, -1))
        lasts = last.split([part.shape[1] for part in scales], -1)
        parts = zip(scales, pendings, lasts, strict=True)
        return attended, tuple(p for s, q, last in parts for p in (s[:, -w:], q, last[..., -w:])), levels

    def _bias(self, scale: int, n_recent: int, ends: Tensor, steps: int) -> Tensor:
        """(A, T, K): by distance among the last w elements that ended by each token, else -∞."""
        w = self.config.window
        ended = n_recent + (ends <= torch.arange(steps, device=ends.device).unsqueeze(1)).sum(1)
        distance = ended.unsqueeze(1) - 1 - torch.arange(n_recent + len(ends), device=ends.device)
        bias = self.distance[scale][distance.clamp(0, w - 1)].permute(2, 0, 1)
        return bias.masked_fill((distance < 0) | (distance >= w), -torch.inf)

    def _summaries(self, elements: Tensor) -> tuple[Tensor, Tensor]:
        """(B, ·, H) -> a summary of every full window, and the rest."""
        w = self.config.window
        full = elements.shape[1] // w * w
        windows = elements[:, :full].unflatten(1, (full // w, w))
        shares = self.summary(windows).to(windows.dtype).softmax(2)
        return (shares * windows).sum(2), elements[:, full:]
