"""Simple PCFG (Liu et al., Findings of EMNLP 2023): given their parent, two children are independent.

    p(A → B C) = p_left(B | A) · p_right(C | A)

Each of the two is a softmax over products of embeddings of parent and child. So the inside algorithm takes
two products of N × N a span instead of one of N × N².
"""

from __future__ import annotations

from torch import Tensor, nn

from onlstm_parse.models.grammar import Grammar, ResidualNetwork, distribution, embeddings, scores_of
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.ops.inside import Rules, inside, inside_reference


class SimplePcfg(Grammar):
    def __init__(self, config: GrammarConfig, vocabulary_size: int) -> None:
        super().__init__(config, vocabulary_size)
        nonterminals, symbols = config.nonterminals, config.nonterminals + config.preterminals
        self.below = embeddings(symbols, config.embedding)
        self.above = embeddings(nonterminals, config.embedding)
        self.start = embeddings(1, config.embedding)
        names = ("parent_left", "parent_right", "left", "right", "root")
        self.networks = nn.ModuleDict({name: ResidualNetwork(config.embedding) for name in names})
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)

    def rules(self) -> Rules:
        left, right = self.networks["left"](self.below), self.networks["right"](self.below)
        return Rules(
            self._chosen("parent_left", self.above, left),
            self._chosen("parent_right", self.above, right),
            self._chosen("root", self.start, left).squeeze(0),
        )

    def _chosen(self, parent: str, parents: Tensor, children: Tensor) -> Tensor:
        """p(child | parent), (parents, M)."""
        return distribution(scores_of(self.networks[parent](parents), children))

    @staticmethod
    def inside(
        rules: Rules, emissions: Tensor, lengths: list[int], spans: Tensor | None, viterbi: bool
    ) -> Tensor:
        if viterbi:
            return inside_reference(rules, emissions, lengths, spans, viterbi=True)
        return inside(rules, emissions, lengths, spans)
