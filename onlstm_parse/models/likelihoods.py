"""What the likelihood and the perplexity of a model are, by its objective; known without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Likelihood:
    """How tables and messages speak of the figures of one objective."""

    perplexity: str
    probability: str
    mark: str = ""
    """Stands behind figures that are no perplexity."""
    caution: str = ""
    """Why such figures do not compare with the others'."""

    @property
    def note(self) -> str:
        """The name of its perplexity, with the caution."""
        return f"{self.perplexity} ({self.caution})" if self.caution else self.perplexity


LIKELIHOODS = {
    "causal": Likelihood("perplexity", "likelihood"),
    "masked": Likelihood(
        "pseudo-perplexity",
        "pseudo-likelihood",
        mark="†",
        caution="each hidden word is predicted from both sides; no perplexity compares with it",
    ),
    "bound": Likelihood(
        "bound of the perplexity",
        "a bound of the likelihood",
        mark="‡",
        caution="it compares with the same model's only",
    ),
}
