"""The objective of grammars: the likelihood of sentences, each by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from onlstm_parse.errors import OnlstmError
from onlstm_parse.models.grammar import Grammar
from onlstm_parse.text.batches import Sentences
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.objective import Objective, Step, Validation
from onlstm_parse.training.team import Team

VALIDATION_BATCH = 32  # sentences


class SentenceObjective(Objective):
    """Sentences of up to `max_length` words, in a new order each pass.

    A prediction is a word or the end of a sentence, as in a language model, so perplexities compare, unless
    they are bounds.
    """

    model: Grammar
    reported: ClassVar[Sequence[str]] = ("valid_perplexity",)

    def __init__(self, model: Grammar, text: Any, config: TrainingConfig) -> None:
        super().__init__(model)
        self.figure_name = model.config.likelihood.perplexity
        self.config, self.device, self.team = config, next(model.parameters()).device, Team()
        self.train, self.valid = self.sides(text)
        for sentences, side in ((self.train, "training"), (self.valid, "validation")):
            if not len(sentences):
                raise OnlstmError(
                    f"no sentence of the {side} text has {config.max_length} words or less",
                    remedy="raise --max-length, or put one sentence a line",
                )
        counts = self.train.counts(len(model.emission.words))
        model.emission.begin(torch.from_numpy(counts).to(self.device))
        self._order: tuple[int, np.ndarray] = (-1, np.arange(0))

    def sides(self, text: Any) -> Any:
        """The training and the validation sentences."""
        return [Sentences(ids, self.config.max_length) for ids in (text.train, text.valid)]

    def spans(self, side: Any, chosen: np.ndarray) -> Tensor | None:
        """What is added to the score of each bracket of the chosen sentences; see `ops.inside`."""
        return None

    def batches(self, epoch: int) -> int:
        return -(-len(self.train) // self.config.batch_size)

    def step(self, epoch: int, number: int) -> Step:
        if self._order[0] != epoch:
            random = np.random.default_rng([self.config.seed, epoch])
            self._order = epoch, random.permutation(len(self.train))
        size = self.config.batch_size
        chosen, counted = self.team.deal(self._order[1][number * size : (number + 1) * size])
        loss, tokens = self._loss(self.train, chosen)
        mean = loss / tokens
        return Step(mean, mean, tokens * counted, tokens * counted)

    def _loss(self, sentences: Any, chosen: np.ndarray) -> tuple[Tensor, int]:
        """The summed loss in nats of the chosen sentences, and its number of predictions."""
        words, lengths = sentences.read(chosen)
        found = self.model(torch.from_numpy(words).to(self.device), lengths, self.spans(sentences, chosen))
        return -found.sum(), len(words) + len(lengths)

    @torch.no_grad()
    def validate(self) -> Validation:
        was_training = self.model.training
        self.model.eval()
        order = np.argsort(self.valid.lengths, kind="stable")[self.team.rank :: self.team.size]
        loss = tokens = 0.0
        for start in range(0, len(order), VALIDATION_BATCH):
            batch_loss, predicted = self._loss(self.valid, order[start : start + VALIDATION_BATCH])
            loss, tokens = loss + float(batch_loss), tokens + predicted
        self.model.train(was_training)
        loss, tokens = self.team.sum(loss, tokens)
        perplexity = math.exp(min(loss / tokens, 700.0))
        return Validation(perplexity, {"valid_perplexity": perplexity})
