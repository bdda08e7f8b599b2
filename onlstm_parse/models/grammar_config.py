"""The settings of a grammar. Imports no torch, so that `--help` is quick."""

from __future__ import annotations

from dataclasses import dataclass

from onlstm_parse.errors import UsageError
from onlstm_parse.models import CATALOGUE, GRAMMAR, GRAMMARS
from onlstm_parse.models.network_config import NetworkConfig
from onlstm_parse.registry import check_known


@dataclass(frozen=True)
class GrammarConfig(NetworkConfig):
    """A probabilistic context-free grammar. Its probabilities are computed from embeddings of its symbols."""

    kind = GRAMMAR

    model: str = "simple-pcfg"
    """The kind of grammar, a name from the model table."""
    nonterminals: int = 256
    """N: symbols of brackets."""
    preterminals: int = 512
    """P: symbols of words."""
    embedding: int = 256
    """Units of an embedding."""
    latent: int = 64
    """compound-pcfg: units of the latent vector of a sentence."""

    def __post_init__(self) -> None:
        check_known("grammar", self.model, GRAMMARS)
        for name in ("nonterminals", "preterminals", "embedding", "latent"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")

    @property
    def objective(self) -> str:
        return CATALOGUE[self.model].objective


GRAMMAR_SIZES = {
    "tiny": GrammarConfig(nonterminals=16, preterminals=32, embedding=64),
    "small": GrammarConfig(),
    "paper": GrammarConfig(nonterminals=4096, preterminals=8192, embedding=512),
}

# With a probability for every rule, time rises with the third power of the number of symbols.
DENSE_SIZES = {
    "tiny": GrammarConfig("neural-pcfg", nonterminals=8, preterminals=16, embedding=64, latent=16),
    "small": GrammarConfig("neural-pcfg", nonterminals=30, preterminals=60),
    "paper": GrammarConfig("neural-pcfg", nonterminals=30, preterminals=60),
}
