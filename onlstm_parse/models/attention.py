"""Multi-head causal self-attention: a pre-norm Transformer decoder with rotary positions.

    x ← x + W_o Σ_j p_t(j) v_j,   p_t = softmax_j(q_t · k_j / √D),   t - context < j ≤ t
    x ← x + W_2 gelu(W_1 x̄),      q, k, v = W x̄, q and k rotated by their positions; x̄ the layer norm of x

Source: Vaswani et al. 2017; pre-norm: Xiong et al. 2020; rotary positions: Su et al. 2021. If the
width changes, x is projected first.
Levels: the distance of neighbouring attention distributions, 1 - Σ_j min(p_t(j), p_{t-1}(j)), mean over
heads; hard: the share of heads whose likeliest key changes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from onlstm_parse.models.base import Layer, LayerState, to_width
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.attention import attention_levels, attention_weights, rotate, split_heads
from onlstm_parse.ops.product import Linear


class Attention(Layer):
    """State: rotated keys and values of the last tokens (B, A, ·, D), at most `context`, and p over them (B,
    A, ·); the number of tokens so far (B, 1), in float64, since angles grow with it.
    """

    residual = True

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size, self.config = hidden_size, config
        self.enter = to_width(input_size, hidden_size)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_size) for _ in range(2))
        self.units = config.heads * max(hidden_size // config.heads, 1)  # A heads of D units
        self.query = Linear(hidden_size, self.units, bias=False)
        self.key_value = Linear(hidden_size, 2 * self.units, bias=False)
        self.leave = Linear(self.units, hidden_size, bias=False)
        self.feed_forward = nn.Sequential(
            Linear(hidden_size, 4 * hidden_size), nn.GELU(), Linear(4 * hidden_size, hidden_size)
        )

    def initial_state(self, batch: int) -> LayerState:
        heads = self.config.heads
        empty = self.zeros(batch, heads, 0, self.units // heads)
        return empty, empty, self.zeros(batch, heads, 0), self.zeros(batch, 1).double()

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        x = self._enter(x)
        attended, state, levels = self.attend(self._normal(x), state)
        x = x + self.leave(attended.transpose(1, 2).flatten(2).transpose(0, 1))
        return x + self.feed_forward(self.norms[1](x)), state, levels

    def levels_only(self, x: Tensor, state: LayerState) -> tuple[LayerState, Tensor]:
        _, state, levels = self.attend(self._normal(self._enter(x)), state)
        return state, levels

    def _enter(self, x: Tensor) -> Tensor:
        return self.enter(x).to(self.norms[0].weight.dtype)

    def _normal(self, x: Tensor) -> Tensor:
        """(T, B, H) -> (B, T, H), normalised."""
        return self.norms[0](x).transpose(0, 1)

    def attend(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        """x (B, T, H) -> (B, A, T, D), the next state, levels (T, B)."""
        past_keys, past_values, before, count = state
        steps, heads, context = x.shape[1], self.config.heads, self.config.context
        projected = (self.query(x), *self.key_value(x).chunk(2, -1))
        query, key, value = (split_heads(part, heads) for part in projected)
        positions = (count + torch.arange(steps, device=x.device)).unsqueeze(1)  # (B, 1, T)
        query, key = rotate(query, positions), rotate(key, positions)
        keys = torch.cat((past_keys.to(key.dtype), key), 2)  # in the type of the products, like the queries
        values = torch.cat((past_values.to(value.dtype), value), 2)
        distance = torch.arange(keys.shape[2], device=x.device)
        distance = distance[-steps:, None] - distance
        out_of_sight = (distance < 0) | (distance >= context)
        bias = torch.zeros_like(distance, dtype=keys.dtype).masked_fill(out_of_sight, -torch.inf)
        attended = scaled_dot_product_attention(query, keys, values, bias)
        last, levels = self.read(query, keys, bias, pad(before, (0, steps)))
        state = keys[:, :, -context:], values[:, :, -context:], last[..., -context:], count + steps
        return attended, state, levels

    def read(self, query: Tensor, key: Tensor, bias: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """The last token's p over all keys (B, A, K), and levels (T, B); `before` is p of the state."""
        batch, _, steps, _ = query.shape
        if not self.wants_levels:
            last = attention_weights(query[:, :, -1:], key, bias[..., -1:, :])
            return last[:, :, -1], query.new_zeros(steps, batch)
        weights = attention_weights(query, key, bias)
        return weights[:, :, -1], attention_levels(weights, before, self.hard_levels)
