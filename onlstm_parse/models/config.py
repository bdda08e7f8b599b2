"""The settings of a language model. Imports no torch, so that `--help` is quick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from onlstm_parse.errors import UsageError
from onlstm_parse.models import CATALOGUE, LANGUAGE_MODEL, MODELS
from onlstm_parse.models.network_config import NetworkConfig
from onlstm_parse.registry import nearest

ADAPTIVE_ABOVE = 75_000  # words


@dataclass(frozen=True)
class ModelConfig(NetworkConfig):
    """A stack of layers E → H → ... → E between a tied embedding and softmax."""

    kind = LANGUAGE_MODEL

    model: str = "on-lstm"
    """The kind of layer, a name from the model table."""
    embedding: int = 256
    """E: units of the embedding and of the last layer."""
    hidden: int = 512
    """H: units of the inner layers; by default as many as give the number of parameters of on-lstm."""
    layers: int = 3
    """L: number of layers."""
    chunk: int = 16
    """on-...: C, units that share one level of the master gates; must divide E and H."""
    master_input: Literal["complement", "reversed"] = "complement"
    """on-...: master input gate, 1 - cumax (the paper), or the softmax summed from the right."""
    directions: Literal["mean", "max"] = "mean"
    """...-bidirectional: how the levels of the two directions become one."""
    cell: Literal["lstm", "tanh"] = "lstm"
    """rnn-bidirectional: the cell of both directions, that of lstm or that of rnn."""
    kernel: int = 4
    """qrnn, glu-cnn, glu-cnn-dilated, separable-cnn, tcn: tokens that a convolution spans."""
    gate: Literal["linear", "highway"] = "linear"
    """glu-cnn, glu-cnn-dilated: A ∘ σ(B) beside a residual, or (1 - σ) ∘ x + σ ∘ A."""
    convolution: Literal["full", "separable"] = "full"
    """tcn: a convolution over all units at once, or one for each unit and then one over units."""
    heads: int = 4
    """attention, hierarchical-attention: number of heads, of H / heads units each."""
    context: int = 128
    """attention: tokens that a token sees, itself included."""
    window: int = 8
    """hierarchical-attention, sliced-rnn: number of tokens in a summary."""
    spectral_radius: float = 0.9
    """echo-state: largest modulus of an eigenvalue of the recurrent weights; below 1."""
    embedding_scale: float = 0.5
    """The embedding starts uniform in ± this. AWD-LSTM's 0.1 is for SGD and learns slowly with AdamW."""
    softmax: Literal["auto", "full", "adaptive"] = "auto"
    """full: over all words at once; adaptive: frequent words first; auto: adaptive above 75,000 words."""
    dropout_embedding: float = 0.1
    """Share of words whose embedding is dropped."""
    dropout_input: float = 0.5
    """Variational dropout on the embedded words."""
    dropout_between: float = 0.3
    """Variational dropout between layers."""
    dropout_output: float = 0.45
    """Variational dropout on the last layer's output."""
    dropconnect: float = 0.45
    """Share of recurrent weights dropped."""

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise UsageError(f"unknown model {self.model!r}", remedy=nearest(self.model, MODELS))
        for name in ("embedding", "hidden", "layers", "chunk", "kernel", "heads", "context"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not self.embedding_scale > 0:
            raise UsageError(f"embedding_scale must be above 0, found {self.embedding_scale}")
        if self.window < 2:
            raise UsageError(f"window must be at least 2, found {self.window}")
        if not 0 < self.spectral_radius < 1:
            raise UsageError(f"spectral_radius must be above 0 and below 1, found {self.spectral_radius}")
        self._check_widths()
        for name in ("embedding", "input", "between", "output"):
            _check_rate(f"dropout_{name}", getattr(self, f"dropout_{name}"))
        _check_rate("dropconnect", self.dropconnect)

    @property
    def objective(self) -> str:
        return CATALOGUE[self.model].objective

    @property
    def lr_scale(self) -> float:
        """The factor on the learning rate of the layers."""
        return CATALOGUE[self.model].lr_scale

    @property
    def tree_layer(self) -> int:
        """The layer that trees are read from by default, counted from 1: the second of three."""
        return min(2, self.layers)

    def for_vocabulary(self, words: int) -> ModelConfig:
        """Choose the softmax, where it is `auto`."""
        if self.softmax != "auto":
            return self
        return replace(self, softmax="adaptive" if words > ADAPTIVE_ABOVE else "full")

    @property
    def width_step(self) -> int:
        """The number that must divide the widths E and H of this model."""
        return self.chunk if CATALOGUE[self.model].ordered else 1

    def _check_widths(self) -> None:
        for size in ("embedding", "hidden"):
            units = getattr(self, size)
            if units % self.width_step:
                divisors = [c for c in range(1, units + 1) if not units % c]
                near = min(divisors, key=lambda c: abs(c - self.chunk))
                raise UsageError(
                    f"chunk {self.chunk} does not divide {size} {units}", remedy=f"try --chunk {near}"
                )

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
        dropout_input=0.1,
        dropout_between=0.1,
        dropout_output=0.1,
        dropconnect=0.1,
    ),
    "small": ModelConfig(),
    "paper": ModelConfig(
        embedding=400,
        hidden=1150,
        chunk=10,
        embedding_scale=0.1,
    ),
}

# Without the embedding and the softmax's bias; every model is within 3 %.
PARAMETERS = {"tiny": "0.30 million", "small": "4.6 million", "paper": "21.2 million"}
