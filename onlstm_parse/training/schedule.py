"""Learning-rate schedules, and the average of weights that the paper recipe ends with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from onlstm_parse.training.config import TrainingConfig


def learning_rate(config: TrainingConfig, done: float) -> float:
    """The rate when a share `done` of the budget is spent.

    adamw: linear warm-up, then half a cosine to 0. paper: constant.
    """
    if config.recipe == "paper":
        return config.learning_rate
    if done < config.warmup:
        return config.learning_rate * done / config.warmup
    return config.learning_rate * (1 + math.cos(math.pi * (done - config.warmup) / (1 - config.warmup))) / 2


def has_stalled(figures: list[float], patience: int) -> bool:
    """The trigger of NT-ASGD (Merity et al. 2018): worse than the best figure `patience` validations ago."""
    return len(figures) > patience and figures[-1] > min(figures[:-patience])


class Average:
    """The running mean of a model's weights; `updates` is how many it holds."""

    def __init__(self) -> None:
        self.updates = 0
        self.tensors: dict[str, Tensor] = {}

    @torch.no_grad()
    def add(self, model: nn.Module) -> None:
        self.updates += 1
        for name, parameter in model.named_parameters():
            mean = self.tensors.setdefault(name, torch.zeros_like(parameter))
            mean.lerp_(parameter, 1 / self.updates)

    @contextmanager
    def swapped_in(self, model: nn.Module) -> Iterator[None]:
        """Inside the block the model holds the mean, after it its own weights again."""
        own = {name: parameter.data for name, parameter in model.named_parameters()}
        for name, parameter in model.named_parameters():
            parameter.data = self.tensors.get(name, parameter.data)
        try:
            yield
        finally:
            for name, parameter in model.named_parameters():
                parameter.data = own[name]
