"""Compound PCFG (Kim, Dyer and Rush, ACL 2019): a neural PCFG whose probabilities depend on the sentence.

    z ~ N(0, I),    p(A → B C | z) = softmax over all pairs (B, C) of  w_BC · e_A + u_BC · z + b_BC

The networks of the root and of words read [e; z] where those of the neural PCFG read e. The sum over z has no
closed form. A second network reads the sentence x and gives q(z | x) = N(μ, diag σ²), for the bound

    log p(x)  >=  E_q [log p(x | z)] - KL(q(z | x) || N(0, I))

Training takes a sample of z for the expectation; otherwise z is μ, as in the authors' evaluation. That is an
estimate of the bound, and no bound itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from onlstm_parse.models.grammar import products_of
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.models.neural_pcfg import NeuralPcfg
from onlstm_parse.ops.lstm import lstm
from onlstm_parse.ops.product import Linear

SENTENCES_AT_ONCE = 32  # each has rules and probabilities of words of its own, some 10 MB at size small


class CompoundPcfg(NeuralPcfg):
    """What z adds to the neural PCFG is a linear map each for rules, root and words."""

    def __init__(self, config: GrammarConfig, vocabulary_size: int) -> None:
        super().__init__(config, vocabulary_size)
        self.latent_pairs = nn.Parameter(torch.zeros(len(self.children_pairs), config.latent))
        self.latent_root_network = Linear(config.latent, config.embedding, bias=False)
        self.latent_words_network = Linear(config.latent, config.embedding, bias=False)
        self.inference_network = InferenceNetwork(config, vocabulary_size)
        for layer in (self.latent_root_network, self.latent_words_network, self.inference_network.ends):
            nn.init.xavier_uniform_(layer.weight)

    def shared(self) -> None:
        """Nothing: rules and probabilities of words depend on the sentence."""

    def forward(
        self,
        words: Tensor,
        lengths: list[int],
        spans: Tensor | None = None,
        viterbi: bool = False,
        shared: Any = None,
    ) -> Tensor:
        found, read = [], 0
        for start in range(0, len(lengths), SENTENCES_AT_ONCE):
            stop = start + SENTENCES_AT_ONCE
            some, scores = lengths[start:stop], None if spans is None else spans[start:stop]
            found.append(self._bounds(words[read : read + sum(some)], some, scores, viterbi))
            read += sum(some)
        return torch.cat(found)

    def _bounds(self, words: Tensor, lengths: list[int], spans: Tensor | None, viterbi: bool) -> Tensor:
        posterior = self.inference_network(words, lengths)
        z = posterior.sample() if self.training else posterior.mean
        pairs = products_of(z / self.config.embedding**0.5, self.latent_pairs)
        rules = self.rules(pairs.unsqueeze(1), self.latent_root_network(z).unsqueeze(1))
        emissions = self.emission.by_sentence(words, lengths, self.latent_words_network(z).unsqueeze(1))
        return self.inside(rules, emissions, lengths, spans, viterbi) - posterior.divergence()


class Posterior(NamedTuple):
    """q(z | x) of each sentence: a normal distribution with independent units."""

    mean: Tensor
    """μ, (B, Z)."""
    log_variance: Tensor
    """log σ², (B, Z)."""

    def sample(self) -> Tensor:
        """One z a sentence, with gradients (Kingma and Welling 2014)."""
        return self.mean + (self.log_variance / 2).exp() * torch.randn_like(self.mean)

    def divergence(self) -> Tensor:
        """KL(q || N(0, I)) in nats, (B,)."""
        return (self.mean**2 + self.log_variance.exp() - 1 - self.log_variance).sum(1) / 2


class InferenceNetwork(nn.Module):
    """A bidirectional LSTM over words; the largest value of each unit over the sentence gives μ and log σ².

    It has twice as many units as an embedding of symbols, as published.
    """

    def __init__(self, config: GrammarConfig, vocabulary_size: int) -> None:
        super().__init__()
        units = 2 * config.embedding
        self.words = nn.Embedding(vocabulary_size, units)
        self.lstm = nn.LSTM(units, units, bidirectional=True)
        self.ends = Linear(2 * units, 2 * config.latent)

    def forward(self, words: Tensor, lengths: list[int]) -> Posterior:
        sentences = words.split(lengths)
        # No step back is needed: the largest value is the same in either order.
        right = self._largest(sentences, "l0")
        left = self._largest([sentence.flip(0) for sentence in sentences], "l0_reverse")
        ends = self.ends(torch.cat((right, left), 1))
        return Posterior(*ends.to(self.words.weight.dtype).chunk(2, -1))

    def _largest(self, sentences: Sequence[Tensor], direction: str) -> Tensor:
        """The largest value of each unit over a sentence, (B, U), in one direction of the LSTM."""
        steps = self.words(nn.utils.rnn.pad_sequence(list(sentences)))
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        first = steps.new_zeros(steps.shape[1:])
        states, *_ = lstm(steps, first, first, *(getattr(self.lstm, f"{name}_{direction}") for name in names))
        lengths = torch.tensor([len(sentence) for sentence in sentences], device=states.device)
        after = torch.arange(len(states), device=states.device)[:, None] >= lengths
        return states.masked_fill(after.unsqueeze(2), -torch.inf).amax(0)
