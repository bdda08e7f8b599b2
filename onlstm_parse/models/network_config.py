"""What the settings of every trained network share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from onlstm_parse.models.likelihoods import LIKELIHOODS, Likelihood


@dataclass(frozen=True)
class NetworkConfig:
    """Each kind of run that is trained has a frozen dataclass of its own."""

    model: str
    kind: ClassVar[str]
    """The kind of run that it makes."""

    @property
    def objective(self) -> str:
        """`causal`: the probability of a sentence; `bound`: an estimate of a lower bound of it; `masked`: the
        probability of each word, given the others."""
        return "causal"

    @property
    def likelihood(self) -> Likelihood:
        """What its perplexity is, and what it compares with."""
        return LIKELIHOODS[self.objective]

    def for_vocabulary(self, words: int) -> Self:
        """The settings with what depends on the number of words chosen."""
        return self
