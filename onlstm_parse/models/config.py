"""What a language model is made of, as data; imports no torch, so that `--help` is quick."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from onlstm_parse.errors import UsageError
from onlstm_parse.models import MODELS
from onlstm_parse.registry import nearest


@dataclass(frozen=True)
class ModelConfig:
    """A stack of recurrent layers E → H → ... → E between a tied embedding and softmax."""

    model: str = "on-lstm"
    """The kind of layer, a name from the model table."""
    embedding: int = 256
    """E: units of the embedding and of the last layer."""
    hidden: int = 512
    """H: units of the layers between."""
    layers: int = 3
    """L: number of layers."""
    chunk: int = 16
    """C: units that share one level of the master gates; must divide E and H."""
    master_input: Literal["complement", "reversed"] = "complement"
    """Master input gate: 1 - cumax (the paper), or the softmax summed from the right."""
    embedding_scale: float = 0.5
    """The embedding starts uniform in ± this; AWD-LSTM's 0.1 is for SGD, and slow under AdamW."""
    dropout_embedding: float = 0.1
    """Share of words whose embedding is dropped."""
    dropout_input: float = 0.2
    """Variational dropout on the embedded words."""
    dropout_between: float = 0.2
    """Variational dropout between layers."""
    dropout_output: float = 0.3
    """Variational dropout on the last layer's output."""
    dropconnect: float = 0.2
    """Share of recurrent weights dropped."""

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise UsageError(f"unknown model {self.model!r}", remedy=nearest(self.model, MODELS))
        for name in ("embedding", "hidden", "layers", "chunk"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not self.embedding_scale > 0:
            raise UsageError(f"embedding_scale must be above 0, found {self.embedding_scale}")
        for size in ("embedding", "hidden"):
            units = getattr(self, size)
            if units % self.chunk:
                divisors = [c for c in range(1, units + 1) if not units % c]
                near = min(divisors, key=lambda c: abs(c - self.chunk))
                raise UsageError(
                    f"chunk {self.chunk} does not divide {size} {units}", remedy=f"try --chunk {near}"
                )
        for name in ("embedding", "input", "between", "output"):
            _check_rate(f"dropout_{name}", getattr(self, f"dropout_{name}"))
        _check_rate("dropconnect", self.dropconnect)

    def layer_sizes(self) -> list[tuple[int, int]]:
        """(input, hidden) units of each layer: E → H → ... → H → E."""
        units = [self.embedding] + [self.hidden] * (self.layers - 1) + [self.embedding]
        return list(pairwise(units))


def _check_rate(name: str, rate: float) -> None:
    if not 0 <= rate < 1:
        raise UsageError(f"{name} must be at least 0 and below 1, found {rate}")


SIZES = {
    "tiny": ModelConfig(
        embedding=64,
        hidden=128,
        chunk=8,
        dropout_embedding=0.0,
        dropout_input=0.0,
        dropout_between=0.0,
        dropout_output=0.0,
        dropconnect=0.0,
    ),
    "small": ModelConfig(),
    "paper": ModelConfig(
        embedding=400,
        hidden=1150,
        chunk=10,
        embedding_scale=0.1,
        dropout_input=0.5,
        dropout_between=0.3,
        dropout_output=0.45,
        dropconnect=0.45,
    ),
}
