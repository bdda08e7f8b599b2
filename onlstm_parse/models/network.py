"""What the run folder and the training loop ask of a network of any kind."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Network(nn.Module):
    """Built as `Network(config, vocabulary_size)`; `config` is the frozen dataclass of its kind."""

    config: Any
    stored_as: torch.dtype | None = None
    """The type of the weights in a run folder, if it is not their own."""

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Parameters with the scale of their learning rate, always in the same order."""
        return [(list(self.parameters()), 1.0)]
