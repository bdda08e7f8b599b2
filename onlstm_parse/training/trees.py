"""The objective of span parsers: the trees that another parser gave to raw text, and how sure it was.

    log Σ exp(scores of a tree)  -  Σ target · score,    over all trees, and over all spans

A target of 1 for each bracket of a tree makes it the negative log likelihood of that tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from onlstm_parse.induction.cyk import cyk
from onlstm_parse.models.span_parser import SpanParser
from onlstm_parse.ops.log_trees import bracket_probabilities, log_trees
from onlstm_parse.text.batches import shuffled_by_length
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.objective import Objective, Step, Validation
from onlstm_parse.training.team import Team

VALIDATION_BATCH = 64  # sentences


@dataclass(frozen=True)
class ParsedSentences:
    """Sentences with what another parser gave for them."""

    words: list[np.ndarray]
    """Ids."""
    given: list[np.ndarray]
    """(brackets, 2): start and stop of the brackets of a tree, of two words or more. Or a number for each
    span, see `flattened`."""
    fingerprint: str
    unknown_share: float

    def __len__(self) -> int:
        return sum(map(len, self.words))


@dataclass(frozen=True)
class ParsedText:
    """What the training loop needs instead of a `PreparedText`."""

    pipeline: Any
    train: ParsedSentences
    valid: ParsedSentences


def flattened(spans: np.ndarray) -> np.ndarray:
    """What is known of the spans of a sentence, (n, n + 1), in one row: (n (n + 1) / 2,)."""
    starts, lasts = np.triu_indices(len(spans))
    return spans[starts, lasts + 1]


def unflattened(rows: Sequence[np.ndarray], lengths: Sequence[int]) -> Tensor:
    """Rows of several sentences as (B, n, n + 1), n the largest length."""
    longest = max(lengths)
    spans = torch.zeros(len(rows), longest, longest + 1)
    for one, row, length in zip(spans, rows, lengths, strict=True):
        starts, lasts = np.triu_indices(length)
        one[starts, lasts + 1] = torch.from_numpy(row).float()
    return spans


class TreeObjective(Objective):
    """In nats a bracket. Judged by F1 on held-out sentences, for which trees are given."""

    model: SpanParser
    figure_name = "disagreement (100 - F1)"
    reported: ClassVar[Sequence[str]] = ("valid_perplexity", "valid_agreement")

    def __init__(self, model: SpanParser, text: ParsedText, config: TrainingConfig) -> None:
        super().__init__(model)
        self.config, self.device, self.team = config, next(model.parameters()).device, Team()
        self.train, self.valid = text.train, text.valid
        self._planned: tuple[int, list[np.ndarray]] = (-1, [])

    def batches(self, epoch: int) -> int:
        return len(self._plan(epoch))

    def _plan(self, epoch: int) -> list[np.ndarray]:
        """Batches of sentences of like length, in a new order each pass."""
        if self._planned[0] != epoch:
            lengths = np.array([len(words) for words in self.train.words])
            batches = shuffled_by_length(lengths, self.config.batch_size, [self.config.seed, epoch])
            self._planned = epoch, batches
        return self._planned[1]

    def step(self, epoch: int, number: int) -> Step:
        chosen, counted = self.team.deal(self._plan(epoch)[number])
        scores, lengths = self._scores(self.train, chosen)
        targets = unflattened([self.train.given[index] for index in chosen], lengths).to(self.device)
        brackets = sum(lengths) - len(lengths)
        loss = (log_trees(scores, lengths).sum() - (targets * scores).sum()) / brackets
        return Step(loss, loss, sum(lengths) * counted, brackets * counted)

    def _scores(self, side: ParsedSentences, chosen: np.ndarray) -> tuple[Tensor, list[int]]:
        words = [torch.from_numpy(side.words[index]) for index in chosen]
        padded = torch.nn.utils.rnn.pad_sequence(words).to(self.device)
        lengths = [len(ids) for ids in words]
        return self.model(padded, lengths), lengths

    @torch.no_grad()
    def validate(self) -> Validation:
        """F1 over all brackets strictly inside held-out sentences, against the given trees."""
        was_training = self.model.training
        self.model.eval()
        shared = given = found = 0.0
        order = np.argsort([len(words) for words in self.valid.words], kind="stable")
        order = order[self.team.rank :: self.team.size]
        for at in range(0, len(order), VALIDATION_BATCH):
            chosen = order[at : at + VALIDATION_BATCH]
            scores, lengths = self._scores(self.valid, chosen)
            expected = bracket_probabilities(scores, lengths).cpu().numpy()
            for index, length, ours in zip(chosen, lengths, cyk(expected, lengths), strict=True):
                whole = {(0, length)}
                theirs = set(map(tuple, self.valid.given[index].tolist())) - whole
                shared += len(theirs & set(ours))
                given, found = given + len(theirs), found + len(set(ours) - whole)
        self.model.train(was_training)
        shared, given, found = self.team.sum(shared, given, found)
        agreement = 200 * shared / max(given + found, 1)
        return Validation(100 - agreement, {"valid_perplexity": None, "valid_agreement": round(agreement, 4)})
