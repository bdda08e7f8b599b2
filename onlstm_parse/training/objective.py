"""What the training loop asks of an objective: batches, a loss, and a figure to choose weights by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from torch import Tensor

from onlstm_parse.models.network import Network


class Step(NamedTuple):
    """What one batch gives to an update."""

    total: Tensor
    """What is minimised: the loss and its penalties, a scalar."""
    loss: Tensor
    """Mean loss in nats a prediction, without penalties."""
    tokens: int
    """Predictions in the batch, all of which count towards a budget in tokens."""
    weight: int
    """What the loss is a mean over; a share of a batch counts by it beside the others."""
    lr_scale: float = 1.0
    """The batch's share of the learning rate; SGD gives short windows less."""


@dataclass(frozen=True)
class Validation:
    """How good the model is on held-out text, judged without gold trees."""

    figure: float
    """The lower, the better: a perplexity, say. The weights with the lowest figure are kept."""
    report: dict[str, Any] = field(default_factory=dict)
    """What goes into the line of metrics.jsonl."""
    warning: str | None = None


class Objective(ABC):
    """Trains `model`. A batch is known by its pass and its place in the pass, so that a run can resume."""

    figure_name: str = "perplexity"
    reported: ClassVar[Sequence[str]] = ("valid_perplexity",)
    """Keys of `Validation.report`: null in the lines of metrics between validations."""

    def __init__(self, model: Network) -> None:
        self.model = model

    @abstractmethod
    def batches(self, epoch: int) -> int:
        """The number of batches in a pass."""

    @abstractmethod
    def step(self, epoch: int, number: int) -> Step:
        """Run the model on one batch. Called in order, within the precision of the run."""

    @abstractmethod
    def validate(self) -> Validation:
        """One pass over the validation text, dropout off; `model` may hold averaged weights."""

    def end_pass(self) -> None:
        """Forget what is carried from batch to batch."""

    def carried(self) -> dict[str, Tensor]:
        """What is carried from batch to batch, by name, for a checkpoint."""
        return {}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `carried` gave. Raises KeyError or ValueError for what it did not give."""
