"""The objective of pair classifiers: the relation of two sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from onlstm_parse.models.pair_classifier import PairClassifier
from onlstm_parse.text.batches import shuffled_by_length
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.objective import Objective, Step, Validation
from onlstm_parse.training.team import Team

VALIDATION_BATCH = 512  # pairs


@dataclass(frozen=True)
class Pairs:
    """N pairs of sentences, each with its relation."""

    sentences: Sequence[np.ndarray]
    """The ids of every sentence, once; other sets of pairs may share them."""
    pairs: np.ndarray
    """(N, 2): the places of the two sentences."""
    relations: np.ndarray
    """(N,)"""
    fingerprint: str
    unknown_share: float = 0.0

    def __len__(self) -> int:
        """Tokens."""
        return int(self.lengths.sum())

    @property
    def lengths(self) -> np.ndarray:
        """(N, 2): the number of tokens of each sentence."""
        return np.array(list(map(len, self.sentences)))[self.pairs]


@dataclass(frozen=True)
class PairedText:
    """What the training loop needs instead of a `PreparedText`."""

    pipeline: Any
    train: Pairs
    valid: Pairs


class PairObjective(Objective):
    """The cross-entropy of the relation, in nats a pair. A pair is one prediction; judged by its errors."""

    model: PairClassifier
    figure_name = "error rate (100 - accuracy)"
    reported: ClassVar[Sequence[str]] = ("valid_accuracy",)

    def __init__(self, model: PairClassifier, text: PairedText, config: TrainingConfig) -> None:
        super().__init__(model)
        self.config, self.train, self.valid, self.team = config, text.train, text.valid, Team()
        self._longest = text.train.lengths.max(1)
        self._planned: tuple[int, list[np.ndarray]] = (-1, [])

    def batches(self, epoch: int) -> int:
        return len(self._plan(epoch))

    def _plan(self, epoch: int) -> list[np.ndarray]:
        if self._planned[0] != epoch:
            batches = shuffled_by_length(self._longest, self.config.batch_size, [self.config.seed, epoch])
            self._planned = epoch, batches
        return self._planned[1]

    def step(self, epoch: int, number: int) -> Step:
        chosen, counted = self.team.deal(self._plan(epoch)[number])
        scores = _scores(self.model, self.train, chosen)
        relations = torch.from_numpy(self.train.relations[chosen]).to(scores.device)
        loss = cross_entropy(scores, relations)
        return Step(loss, loss, len(chosen) * counted, len(chosen) * counted)

    def validate(self) -> Validation:
        own = np.arange(len(self.valid.pairs))[self.team.rank :: self.team.size]
        right, pairs = self.team.sum(answers(self.model, self.valid)[own].sum(), len(own))
        accuracy = 100 * right / pairs
        return Validation(100 - accuracy, {"valid_accuracy": round(accuracy, 4)})


@torch.no_grad()
def answers(model: PairClassifier, side: Pairs) -> np.ndarray:
    """Whether the model finds the relation of each pair, (N,) bool; dropout off."""
    was_training = model.training
    model.eval()
    right = np.zeros(len(side.pairs), bool)
    order = np.argsort(side.lengths.max(1), kind="stable")
    for at in range(0, len(order), VALIDATION_BATCH):
        chosen = order[at : at + VALIDATION_BATCH]
        right[chosen] = _scores(model, side, chosen).argmax(-1).cpu().numpy() == side.relations[chosen]
    model.train(was_training)
    return right


def _scores(model: PairClassifier, side: Pairs, chosen: np.ndarray) -> Tensor:
    """Each sentence of the chosen pairs is read once."""
    distinct, places = np.unique(side.pairs[chosen], return_inverse=True)
    sentences = [torch.from_numpy(side.sentences[index]) for index in distinct]
    return model(sentences, torch.from_numpy(places.reshape(-1, 2)))
