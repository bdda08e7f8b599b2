"""Neural PCFG (Kim, Dyer and Rush, ACL 2019): every rule A → B C has a probability of its own.

    p(A → B C) = softmax over all pairs (B, C) of  w_BC · e_A + b_BC

Symbols have embeddings e; w and b belong to pairs of children. Time rises with N · (N + P)², so the grammar
has few symbols: 30 nonterminals and 60 preterminals, as published.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onlstm_parse.models.grammar import Grammar, ResidualNetwork, distribution, embeddings, scores_of
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.ops.dense_inside import DenseRules, dense_inside, dense_inside_reference


class NeuralPcfg(Grammar):
    def __init__(self, config: GrammarConfig, vocabulary_size: int) -> None:
        super().__init__(config, vocabulary_size)
        symbols = config.nonterminals + config.preterminals
        self.parents = embeddings(config.nonterminals, config.embedding)
        self.children_pairs = embeddings(symbols**2, config.embedding)
        self.pair_bias = nn.Parameter(torch.zeros(symbols**2))
        self.start = embeddings(1, config.embedding)
        self.below = embeddings(symbols, config.embedding)
        self.root_network = ResidualNetwork(config.embedding)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)

    def rules(self, pairs: Tensor | None = None, root: Tensor | None = None) -> DenseRules:
        """With both arguments, those of each sentence.

        `pairs` (B, 1, M²) is added to the scores of pairs of children, `root` (B, 1, E) in its network.
        """
        symbols = len(self.below)
        scores = scores_of(self.parents, self.children_pairs) + self.pair_bias
        binary = distribution(scores if pairs is None else scores + pairs)
        roots = distribution(scores_of(self.root_network(self.start, root), self.below))
        return DenseRules(binary.unflatten(-1, (symbols, symbols)), roots.squeeze(-2))

    @staticmethod
    def inside(
        rules: DenseRules, emissions: Tensor, lengths: list[int], spans: Tensor | None, viterbi: bool
    ) -> Tensor:
        if viterbi:
            return dense_inside_reference(rules, emissions, lengths, spans, viterbi=True)
        return dense_inside(rules, emissions, lengths, spans)
