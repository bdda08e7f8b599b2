"""Optimisers, learning-rate schedules, and the average of weights that SGD ends with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from onlstm_parse.models.base import LanguageModel
from onlstm_parse.training.config import TrainingConfig


def make_optimiser(model: LanguageModel, config: TrainingConfig) -> torch.optim.Optimizer:
    """SGD or AdamW; the weights of the layers take the share of the learning rate that their kind bears.

    Embedding and softmax take all of it: they learn as much from a word whatever the layers are.
    """
    kind = torch.optim.SGD if config.recipe == "paper" else torch.optim.AdamW
    layers = list(model.layers.parameters())
    inside = set(map(id, layers))
    others = [parameter for parameter in model.parameters() if id(parameter) not in inside]
    groups = [{"params": others, "share": 1.0}, {"params": layers, "share": model.config.learning_rate_share}]
    return kind(groups, lr=config.learning_rate, weight_decay=config.weight_decay)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Of each group its share of `rate`."""
    for group in optimiser.param_groups:
        group["lr"] = group["share"] * rate


def learning_rate(config: TrainingConfig, done: float, steps: int) -> float:
    """The rate when a share `done` of the budget is spent, for a window of `steps` steps.

    adamw: linear warm-up, then half a cosine to 0. paper: constant, in proportion to the window.
    """
    if config.recipe == "paper":
        return config.learning_rate * steps / config.bptt
    if done < config.warmup:
        return config.learning_rate * done / config.warmup
    return config.learning_rate * (1 + math.cos(math.pi * (done - config.warmup) / (1 - config.warmup))) / 2


def has_stalled(perplexities: list[float], patience: int) -> bool:
    """The trigger of NT-ASGD (Merity et al. 2018): worse than the best one `patience` checks ago."""
    return len(perplexities) > patience and perplexities[-1] > min(perplexities[:-patience])


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
        """The model holds the mean inside the block, its own weights again behind it."""
        own = {name: parameter.data for name, parameter in model.named_parameters()}
        for name, parameter in model.named_parameters():
            parameter.data = self.tensors.get(name, parameter.data)
        try:
            yield
        finally:
            for name, parameter in model.named_parameters():
                parameter.data = own[name]
