"""What every grammar shares: the probability of sentences, and of their words given the preterminals."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from onlstm_parse.models import GRAMMARS
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.models.network import Network
from onlstm_parse.ops.log_normaliser import log_normaliser
from onlstm_parse.ops.native import compute_type
from onlstm_parse.ops.product import Linear, project
from onlstm_parse.text.vocabulary import EOS_ID

# All symbols share the networks, so one step moves every symbol: they learn more slowly than embeddings.
NETWORKS_LR_SCALE = 0.1
# The share of a parent's probability that is spread over all its choices, so that no product of probabilities
# underflows in fp32.
SMOOTHING = 1e-6


class Grammar(Network):
    """`Grammar(config, vocabulary_size)` builds the grammar that `config.model` names."""

    config: GrammarConfig
    emission: Emission

    def __new__(cls, config: GrammarConfig, vocabulary_size: int) -> Grammar:
        return super().__new__(GRAMMARS[config.model] if cls is Grammar else cls)

    def __init__(self, config: GrammarConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.emission = Emission(config, vocabulary_size)

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        networks = (nn.Linear, nn.LSTM, nn.Embedding)  # embeddings of symbols are plain parameters
        shared = [
            one for module in self.modules() if isinstance(module, networks) for one in module.parameters()
        ]
        own = [one for one in self.parameters() if one not in set(shared)]
        return [(own, 1.0), (shared, NETWORKS_LR_SCALE)]

    @abstractmethod
    def rules(self) -> Any:
        """The probabilities of rules, as the inside algorithm of the grammar takes them."""

    def shared(self) -> Any:
        """What all sentences share, for many calls of `forward` with the same weights."""
        return self.rules(), self.emission.table()

    def forward(
        self,
        words: Tensor,
        lengths: list[int],
        spans: Tensor | None = None,
        viterbi: bool = False,
        shared: Any = None,
    ) -> Tensor:
        """The log probability of each sentence, (B,); words (T,) are the ids of all, one after another.

        It is an estimate of a lower bound where the objective of the settings is `bound`.
        `spans` and `viterbi` are those of `ops.inside.inside_reference`; `shared` is computed if not given.
        """
        rules, table = shared or self.shared()
        return self.inside(rules, self.emission(words, table), lengths, spans, viterbi)

    @staticmethod
    @abstractmethod
    def inside(
        rules: Any, emissions: Tensor, lengths: list[int], spans: Tensor | None, viterbi: bool
    ) -> Tensor:
        """The log probability of each sentence by the grammar's own inside algorithm, (B,)."""


class Emission(nn.Module):
    """p(word | preterminal), from an embedding of each. `<eos>` is not a word."""

    def __init__(self, config: GrammarConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.symbols = embeddings(config.preterminals, config.embedding)
        self.network = ResidualNetwork(config.embedding)
        self.words = embeddings(vocabulary_size, config.embedding)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))

    def table(self) -> tuple[Tensor, Tensor]:
        """What all words share: the scaled preterminals (P, E), and the log of the sum over words, (P,)."""
        symbols = self.network(self.symbols) / self.words.shape[1] ** 0.5
        return symbols, log_normaliser(symbols, self.words[EOS_ID + 1 :], self.bias[EOS_ID + 1 :])

    def forward(self, words: Tensor, table: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """words (T,) -> log p(word | preterminal), (T, P)."""
        symbols, normalisers = table or self.table()
        return products_of(self.words[words], symbols) + self.bias[words, None] - normalisers

    def by_sentence(self, words: Tensor, lengths: list[int], further: Tensor) -> Tensor:
        """The same where symbols differ between sentences: `further` (B, 1, E) is added in the network."""
        symbols = self.network(self.symbols, further) / self.words.shape[1] ** 0.5  # (B, P, E)
        forms, bias = self.words[EOS_ID + 1 :], self.bias[EOS_ID + 1 :]
        chosen = words - (EOS_ID + 1)
        padded = nn.utils.rnn.pad_sequence(list(forms[chosen].split(lengths)), batch_first=True)
        found = zip(padded @ symbols.mT, lengths, strict=True)
        logits = torch.cat([sentence[:length] for sentence, length in found]) + bias[chosen, None]
        normalisers = log_normaliser(symbols.flatten(0, 1), forms, bias).view(symbols.shape[:2])
        return logits - normalisers.repeat_interleave(torch.tensor(lengths, device=words.device), 0)

    @torch.no_grad()
    def begin(self, counts: Tensor) -> None:
        """Let every preterminal emit words by their frequency, which takes long to learn; counts (V,)."""
        self.bias.copy_((counts + 1).log() - (counts + 1).log().mean())


def scores_of(a: Tensor, b: Tensor) -> Tensor:
    """a · bᵀ / √units."""
    return products_of(a / a.shape[-1] ** 0.5, b)


def distribution(scores: Tensor) -> Tensor:
    """The softmax over the last dimension, with a small share spread evenly."""
    return scores.softmax(-1) * (1 - SMOOTHING) + SMOOTHING / scores.shape[-1]


def products_of(a: Tensor, b: Tensor) -> Tensor:
    """a · bᵀ: the products in the type of autocast if it is on, the result in fp32 or fp64."""
    return project(a, b, None, compute_type(a)).to(torch.promote_types(a.dtype, torch.float32))


class Residual(nn.Module):
    """x + ReLU(W ReLU(V x)), as in Compound PCFG (Kim et al. 2019)."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.inner, self.outer = Linear(units, units), Linear(units, units)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.outer(self.inner(x).relu()).relu()


class ResidualNetwork(nn.Sequential):
    """A linear layer and two residual ones, all with E units."""

    def __init__(self, units: int) -> None:
        super().__init__(Linear(units, units), Residual(units), Residual(units))

    def forward(self, x: Tensor, further: Tensor | None = None) -> Tensor:
        """`further` is what more units of the input would add to the first layer's outputs."""
        first, *others = self
        x = first(x) if further is None else first(x) + further
        for layer in others:
            x = layer(x)
        return x


def embeddings(symbols: int, units: int) -> nn.Parameter:
    """With variance 1, so that symbols differ from the start: if alike, they stay so for long."""
    return nn.Parameter(torch.randn(symbols, units))
