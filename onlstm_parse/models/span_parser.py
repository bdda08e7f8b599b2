"""A span parser: LSTMs in both directions, and a score for each span from what lies between its ends.

Stern, Andreas and Klein (ACL 2017), without labels. The probability of a tree is a CRF over binary trees: the
exponential of the sum of its spans' scores, divided by that of all trees.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onlstm_parse.models.network import Network
from onlstm_parse.models.span_parser_config import SpanParserConfig
from onlstm_parse.ops.inside import Rules, inside
from onlstm_parse.ops.product import Linear
from onlstm_parse.text.vocabulary import EOS_ID, UNK_ID


class SpanParser(Network):
    """n words, framed by `<eos>`, have n + 1 fenceposts; a span is the difference of two of them."""

    config: SpanParserConfig
    stored_as = torch.bfloat16

    def __init__(self, config: SpanParserConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary_size, config.embedding)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.lstm = nn.LSTM(
            config.embedding,
            config.hidden,
            config.layers,
            bidirectional=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        self.ends = Linear(2 * config.hidden, config.scorer)
        self.score = Linear(config.scorer, 1)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, words: Tensor, lengths: list[int]) -> Tensor:
        """words (n, B), filled up with any id -> the scores of spans, (B, n, n + 1) at [b, start, stop]."""
        n, batch = words.shape
        if self.training and self.config.dropout_words:
            unknown = torch.rand(words.shape, device=words.device) < self.config.dropout_words
            words = words.masked_fill(unknown, UNK_ID)
        framed = torch.full((n + 2, batch), EOS_ID, device=words.device)
        real = torch.arange(n, device=words.device).unsqueeze(1) < torch.tensor(lengths, device=words.device)
        framed[1:-1] = torch.where(real, words, EOS_ID)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.drop(self.embedding(framed)), torch.tensor(lengths) + 2, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], total_length=n + 2)
        ahead, back = self.drop(states).chunk(2, -1)
        # Between words i - 1 and i: what was read up to i - 1, and what was read from the end down to i.
        fenceposts = torch.cat((ahead[:-1], back[1:]), -1).transpose(0, 1)  # (B, n + 1, 2H)
        # The first layer is linear in the fenceposts, so it is computed for each of them once.
        ends = nn.functional.linear(fenceposts, self.ends.weight)
        inside_ends = ends.unsqueeze(1) - ends[:, :-1].unsqueeze(2) + self.ends.bias
        scores: Tensor = self.score(self.drop(inside_ends.relu())).squeeze(-1).float()
        return scores

    @staticmethod
    def log_trees(scores: Tensor, lengths: list[int]) -> Tensor:
        """The logarithm of the sum over all binary trees, (B,): the inside algorithm with one symbol."""
        one = scores.new_ones(1, 2)
        rules = Rules(one, one, scores.new_ones(2))
        return inside(rules, scores.new_zeros(sum(lengths), 1), lengths, scores)
