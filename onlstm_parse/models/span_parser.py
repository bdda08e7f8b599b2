"""A span parser: simple recurrent units in both directions, and a score for each span.

The score of a span is read off the difference of the states at its two ends, as by Stern, Andreas and Klein
(ACL 2017), without labels; the layers are those of Lei et al. (EMNLP 2018), whose steps need no product. The
probability of a tree is a CRF over binary trees: the exponential of the sum of its spans' scores, divided by
that of all trees.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onlstm_parse.models.network import Network
from onlstm_parse.models.span_parser_config import SpanParserConfig
from onlstm_parse.ops.dropout import dropout
from onlstm_parse.ops.linear_scan import forget_mult
from onlstm_parse.ops.product import Linear
from onlstm_parse.ops.span_scores import span_scores
from onlstm_parse.text.vocabulary import EOS_ID, UNK_ID


class SpanParser(Network):
    """n words, framed by `<eos>`, have n + 1 fenceposts; a span is the difference of two of them."""

    config: SpanParserConfig
    stored_as = torch.bfloat16

    def __init__(self, config: SpanParserConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary_size, config.embedding)
        nn.init.normal_(self.embedding.weight, std=0.5)
        sizes = [config.embedding, *[2 * config.hidden] * (config.layers - 1)]
        self.layers = nn.ModuleList(BothWays(size, config.hidden) for size in sizes)
        self.ends = Linear(2 * config.hidden, config.scorer)
        self.score = nn.Parameter(torch.empty(config.scorer).uniform_(-1, 1) / config.scorer**0.5)

    def forward(self, words: Tensor, lengths: list[int]) -> Tensor:
        """words (n, B), filled up with any id -> the scores of spans, (B, n, n + 1) at [b, start, stop]."""
        n, batch = words.shape
        if self.training and self.config.dropout_words:
            unknown = torch.rand(words.shape, device=words.device) < self.config.dropout_words
            words = words.masked_fill(unknown, UNK_ID)
        size = torch.tensor(lengths, device=words.device)
        place = torch.arange(n + 2, device=words.device).unsqueeze(1)
        framed = torch.full((n + 2, batch), EOS_ID, device=words.device)
        framed[1:-1] = words
        framed = framed.masked_fill(place > size, EOS_ID)
        real = (place < size + 2).unsqueeze(-1)
        x = self.embedding(framed)
        for layer in self.layers:
            x = layer(dropout(x, self.config.dropout, self.training), real)
        ahead, back = dropout(x, self.config.dropout, self.training).chunk(2, -1)
        # Between words i - 1 and i: what was read up to i - 1, and what was read from the end down to i.
        fenceposts = torch.cat((ahead[:-1], back[1:]), -1).transpose(0, 1).contiguous()  # (B, n + 1, 2H)
        # The scorer begins with a product that is linear in the fenceposts: it is computed once for each.
        ends = self.ends(fenceposts).to(self.score.dtype)
        return span_scores(ends, self.ends.bias, self.score, lengths)


class BothWays(nn.Module):
    """A layer of simple recurrent units in each direction; H units each."""

    def __init__(self, input_size: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        # For each direction: candidate, forget gate, output gate, and the input at the layer's width.
        self.gates = Linear(input_size, 8 * hidden)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """x (T, B, in), real (T, B, 1): False where a sentence has ended -> (T, B, 2H), ahead and back."""
        ahead, back = self.gates(x).float().chunk(2, -1)
        return torch.cat((self._scan(ahead, real), self._scan(back.flip(0), real.flip(0)).flip(0)), -1)

    def _scan(self, gates: Tensor, real: Tensor) -> Tensor:
        candidate, forget, output, x = gates.chunk(4, -1)
        # Behind its end a sentence leaves the state at zero.
        start = candidate.new_zeros(candidate.shape[1], self.hidden)
        state = forget_mult(forget.sigmoid(), candidate * real, start)
        output = output.sigmoid()
        return output * state.tanh() + (1 - output) * x
