"""The settings of a classifier of pairs of sentences. Imports no torch, so that `--help` is quick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from onlstm_parse.models import PAIR_CLASSIFIER
from onlstm_parse.models.config import ModelConfig


@dataclass(frozen=True)
class PairClassifierConfig(ModelConfig):
    """Those of its encoder, a stack of layers E → H → ... → H; `dropout_output` is that of the classifier."""

    kind = PAIR_CLASSIFIER

    relations: int = 7
    """Relations to choose from."""

    def layer_sizes(self) -> list[tuple[int, int]]:
        """No word is predicted, so the last layer is as wide as the others."""
        return list(pairwise([self.embedding] + [self.hidden] * self.layers))


# Shen et al. 2019: one layer, no dropped weights. Their chunk of 10 units does not divide their embedding.
_ONE_LAYER = PairClassifierConfig(
    embedding=128,
    hidden=400,
    layers=1,
    chunk=8,
    dropout_embedding=0.0,
    dropout_input=0.2,
    dropout_between=0.2,
    dropout_output=0.2,
    dropconnect=0.0,
)
PAIR_SIZES = {
    "tiny": replace(_ONE_LAYER, embedding=32, hidden=64, chunk=4),
    "small": replace(_ONE_LAYER, hidden=256),
    "paper": _ONE_LAYER,
}
