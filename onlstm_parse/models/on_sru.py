"""ON-SRU: ordered neurons whose gates do not read the state, so that a layer is one product and one scan.

    x̂, f, i, r = W x_t,  σ(W x_t + b),  σ(W x_t + b),  σ(W x_t + b)
    f̃ = cumax(W x_t + b),   ĩ = 1 - cumax(W x_t + b),   ω = f̃ ∘ ĩ
    c_t = (f ∘ ω + f̃ - ω) ∘ c_{t-1} + (i ∘ ω + ĩ - ω) ∘ x̂,   h_t = r ∘ tanh(c_t) + (1 - r) ∘ x_t

Source: this toolkit's own, after Shen et al. 2019 and Lei et al. 2018. If the width changes, x_t is
projected for the highway.
Levels: d_f = 1 - mean_k f̃(k), the closed share of the master forget gate; hard: its likeliest split.
"""

from __future__ import annotations

from torch import Tensor

from onlstm_parse.models.base import Layer, LayerState, to_width
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.linear_scan import linear_scan
from onlstm_parse.ops.master_gates import cumax, hard_level, master_input_gate
from onlstm_parse.ops.product import Linear


class OnSru(Layer):
    """State: c, (B, H). Rows of the gates: master input, master forget (n each), f, i, r (H each)."""

    def __init__(self, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size, self.config = hidden_size, config
        self.n = hidden_size // config.chunk
        self.gates = Linear(input_size, 2 * self.n + 3 * hidden_size)
        self.candidate = Linear(input_size, hidden_size, bias=False)
        self.skip = to_width(input_size, hidden_size)

    def initial_state(self, batch: int) -> LayerState:
        return (self.zeros(batch, self.hidden_size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        (c,) = state
        n, chunk = self.n, self.config.chunk
        i_logits, f_logits, gates = self.gates(x).to(c.dtype).split([n, n, 3 * self.hidden_size], -1)
        f, i, r = gates.sigmoid().chunk(3, -1)
        f_master, i_master = cumax(f_logits), master_input_gate(i_logits, self.config.master_input)
        f_levels, i_levels = (gate.repeat_interleave(chunk, -1) for gate in (f_master, i_master))
        overlap = f_levels * i_levels
        kept = f * overlap + (f_levels - overlap)
        written = i * overlap + (i_levels - overlap)
        cells = linear_scan(kept, written * self.candidate(x), c)
        out = r * cells.tanh() + (1 - r) * self.skip(x)
        levels = hard_level(f_master) if self.hard_levels else 1 - f_master.mean(-1)
        return out, (cells[-1],), levels
