"""Optimisers, learning-rate schedules, and the average of weights that the paper recipe ends with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from onlstm_parse.training.config import TrainingConfig


def make_optimiser(
    groups: list[tuple[list[nn.Parameter], float]], config: TrainingConfig
) -> torch.optim.Optimizer:
    """SGD or AdamW over groups of parameters, each with the scale of its learning rate."""
    scaled = [{"params": parameters, "scale": scale} for parameters, scale in groups]
    rate, decay = config.learning_rate, config.weight_decay
    if config.recipe == "paper":
        return torch.optim.SGD(scaled, lr=rate, weight_decay=decay)
    betas = config.momentum, config.square_momentum
    return ClippedAdamW(scaled, config.update_clip, lr=rate, weight_decay=decay, betas=betas, fused=True)


class ClippedAdamW(torch.optim.AdamW):
    """AdamW that shortens the gradient of a tensor where it is much larger than those before it.

    AdamW moves far there, and the norm of all gradients together may not show it. So the gradient g of a
    tensor is scaled down to ‖g‖ = `largest` · √(Σ v), v the second moments before the update. Akin to update
    clipping (Shazeer and Stern 2018, section 6; Wortsman et al. 2023), but v does not learn the spike.
    None: plain AdamW.
    """

    def __init__(self, groups: Any, largest: float | None, **settings: Any) -> None:
        super().__init__(groups, **settings)
        self.largest = largest

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        if self.largest is not None:
            for group in self.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None and self.state[parameter]:
                        _shorten(parameter.grad, self.state[parameter], group["betas"][1], self.largest)
        return super().step(closure)


def _shorten(gradient: Tensor, state: dict[str, Tensor], beta: float, largest: float) -> None:
    usual = (state["exp_avg_sq"].sum() / (1 - beta ** state["step"])).sqrt()
    factor = (largest * usual / gradient.norm()).clamp(max=1.0)
    gradient.mul_(torch.where(usual > 0, factor, 1.0))  # 0 where there was no gradient yet


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give each group its scale of `rate`."""
    for group in optimiser.param_groups:
        group["lr"] = group["scale"] * rate


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
