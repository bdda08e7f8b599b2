"""SGD and AdamW, by PyTorch's own update functions.

`torch.optim.Optimizer` is not used: its first update imports PyTorch's compiler, which takes as long as all
else that a training needs to begin.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from onlstm_parse.training.config import TrainingConfig

Groups = Sequence[tuple[Sequence[nn.Parameter], float]]


def make_optimiser(groups: Groups, config: TrainingConfig) -> Optimiser:
    """That of the recipe, over groups of parameters, each with the scale of its learning rate."""
    if config.recipe == "paper":
        return Sgd(groups, config.weight_decay)
    return AdamW(groups, config.weight_decay, (config.momentum, config.square_momentum), config.update_clip)


class Optimiser(ABC):
    """Updates parameters by their gradients. Those without a gradient stay."""

    def __init__(self, groups: Groups) -> None:
        self.groups = [([*map(Moving, parameters)], scale) for parameters, scale in groups]
        self.moving = [one for group, _ in self.groups for one in group]

    def zero_grad(self) -> None:
        for one in self.moving:
            one.parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move each group with its scale of the learning rate."""
        for group, scale in self.groups:
            moved = [one for one in group if one.parameter.grad is not None]
            if moved:
                self._move(moved, rate * scale)

    @abstractmethod
    def _move(self, moved: list[Moving], rate: float) -> None: ...

    def tensors(self) -> dict[str, Tensor]:
        """What it keeps of each parameter, as number.name."""
        return {f"{at}.{name}": kept for at, one in enumerate(self.moving) for name, kept in one.kept.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` gave. Raises KeyError for a parameter that there is not."""
        moving = dict(enumerate(self.moving))
        for name, tensor in tensors.items():
            number, _, key = name.partition(".")
            one = moving[int(number)]
            one.kept[key] = tensor.to(one.parameter.device)


class Moving:
    """A parameter, and what an optimiser keeps of it."""

    def __init__(self, parameter: nn.Parameter) -> None:
        self.parameter = parameter
        self.kept: dict[str, Tensor] = {}

    @property
    def gradient(self) -> Tensor:
        assert self.parameter.grad is not None
        return self.parameter.grad


class Sgd(Optimiser):
    def __init__(self, groups: Groups, weight_decay: float = 0.0) -> None:
        super().__init__(groups)
        self.weight_decay = weight_decay

    def _move(self, moved: list[Moving], rate: float) -> None:
        plain: dict[str, Any] = {"momentum": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}
        momenta: list[Tensor | None] = [None for _ in moved]
        parameters, gradients = [one.parameter for one in moved], [one.gradient for one in moved]
        sgd([*parameters], gradients, momenta, lr=rate, weight_decay=self.weight_decay, **plain)


class AdamW(Optimiser):
    """AdamW (Loshchilov and Hutter 2019) that shortens the gradient of a tensor where it is much larger than
    those before it.

    AdamW moves far there, and the norm of all gradients together may not show it. So the gradient g of a
    tensor is scaled down to ‖g‖ = `largest` · √(Σ v), v the second moments before the update. Akin to update
    clipping (Shazeer and Stern 2018, section 6; Wortsman et al. 2023), but v does not learn the spike.
    None: plain AdamW.
    """

    def __init__(
        self, groups: Groups, weight_decay: float, betas: tuple[float, float], largest: float | None
    ) -> None:
        super().__init__(groups)
        self.weight_decay, self.betas, self.largest = weight_decay, betas, largest

    def _move(self, moved: list[Moving], rate: float) -> None:
        for one in moved:
            if not one.kept:
                one.kept = _fresh_moments(one.parameter)
            elif self.largest is not None:
                _shorten(one.gradient, one.kept, self.betas[1], self.largest)
        kept = {name: [one.kept[name] for one in moved] for name in ("exp_avg", "exp_avg_sq", "step")}
        adamw(
            [one.parameter for one in moved],
            [one.gradient for one in moved],
            kept["exp_avg"],
            kept["exp_avg_sq"],
            [],
            kept["step"],
            fused=True,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=rate,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )


def _fresh_moments(parameter: Tensor) -> dict[str, Tensor]:
    """As torch.optim names them."""
    zeros = {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
    return {"step": torch.zeros((), device=parameter.device), **zeros}


def _shorten(gradient: Tensor, kept: dict[str, Tensor], beta: float, largest: float) -> None:
    usual = (kept["exp_avg_sq"].sum() / (1 - beta ** kept["step"])).sqrt()
    factor = (largest * usual / gradient.norm()).clamp(max=1.0)
    gradient.mul_(torch.where(usual > 0, factor, 1.0))  # 0 where there was no gradient yet
