"""The objective of language models: streams of text, the state carried from window to window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

import torch
from torch import Tensor

from onlstm_parse.models.base import LanguageModel, State
from onlstm_parse.models.objectives import predict
from onlstm_parse.text.batches import Stream
from onlstm_parse.text.corpus import PreparedText
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.objective import Objective, Step, Validation
from onlstm_parse.training.team import Team
from onlstm_parse.training.validation import validate

VALIDATION_COLUMNS = 16  # streams of text


class StreamObjective(Objective):
    """Truncated backpropagation through windows of `bptt` steps, with AWD-LSTM's penalties.

    Merity et al. 2018: `activation_penalty` on the outputs with dropout, `temporal_penalty` on the change
    of the outputs without.
    """

    model: LanguageModel
    reported: ClassVar[Sequence[str]] = ("valid_perplexity", "level_mean", "level_spread")

    def __init__(self, model: LanguageModel, text: PreparedText, config: TrainingConfig) -> None:
        super().__init__(model)
        team = Team()
        self.train = Stream(text.train, config.batch_size, config.bptt, team.rank, team.size)
        columns = max(VALIDATION_COLUMNS, team.size)
        self.valid = Stream(text.valid, columns, config.bptt, team.rank, team.size)
        self.config, self.device = config, next(model.parameters()).device
        self.figure_name = model.config.likelihood.perplexity
        self._state: State | None = None
        self._planned: tuple[int, list[tuple[int, int]]] = (-1, [])

    def batches(self, epoch: int) -> int:
        return len(self._windows(epoch))

    def _windows(self, epoch: int) -> list[tuple[int, int]]:
        """(start, steps) of each window of a pass."""
        if self._planned[0] != epoch:
            lengths = [self.config.bptt] * self.train.steps
            if self.config.variable_bptt:
                lengths = self.train.lengths(epoch, self.config.seed)
            starts = accumulate(lengths[:-1], initial=0)
            self._planned = epoch, list(zip(starts, lengths, strict=True))
        return self._planned[1]

    def step(self, epoch: int, number: int) -> Step:
        config, model = self.config, self.model
        window = self.train.read(*self._windows(epoch)[number])
        inputs, targets = (torch.from_numpy(part).to(self.device) for part in window)
        with model.without_levels():
            encoded, hidden, words = predict(model, inputs, targets, self._state)
            loss = model.loss(hidden, words)
        total = loss
        if config.activation_penalty:
            total = total + config.activation_penalty * encoded.hidden.float().square().mean()
        if config.temporal_penalty and len(inputs) > 1:
            change = encoded.raw[1:].float() - encoded.raw[:-1].float()
            total = total + config.temporal_penalty * change.square().mean()
        self._state = [tuple(part.detach() for part in layer) for layer in encoded.state]
        share = len(inputs) / config.bptt if config.recipe == "paper" else 1.0
        return Step(total, loss, targets.numel(), targets.numel(), share)

    def end_pass(self) -> None:
        self._state = None

    def validate(self) -> Validation:
        return validate(self.model, self.valid)

    def carried(self) -> dict[str, Tensor]:
        return {
            f"{depth}.{part}": tensor
            for depth, layer in enumerate(self._state or [])
            for part, tensor in enumerate(layer)
        }

    def carry(self, tensors: dict[str, Tensor]) -> None:
        layers: dict[int, dict[int, Tensor]] = {}
        for name, tensor in tensors.items():
            depth, part = map(int, name.split("."))
            layers.setdefault(depth, {})[part] = tensor.to(self.device)
        state = [tuple(layer[part] for part in sorted(layer)) for _, layer in sorted(layers.items())]
        self._state = state or None
