"""How a model is trained, as data; imports no torch, so that `--help` is quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onlstm_parse.errors import UsageError

BUDGETS = ("epochs", "minutes", "tokens")
DEFAULT_EPOCHS = {"adamw": 10, "paper": 500}  # where no budget is given


@dataclass(frozen=True)
class TrainingConfig:
    """A recipe, its settings, and a budget of passes over the text, minutes or tokens."""

    recipe: Literal["adamw", "paper"] = "adamw"
    """adamw: AdamW with warm-up and cosine decay; paper: SGD, averaged once validation stalls."""
    epochs: int | None = None
    """Budget in passes over the text (where no budget is given: 10, for the paper recipe 500)."""
    minutes: float | None = None
    """Budget in minutes of training; the learning rate's decay fits it."""
    tokens: int | None = None
    """Budget in tokens seen, repeated ones counted again."""
    batch_size: int = 64
    """B: parallel streams of text; for a grammar, sentences."""
    max_length: int = 40
    """Grammars: sentences with more words are not trained on."""
    vote_strength: float = 2.5
    """Grammars that learn from votes: nats for a bracket that all vote for."""
    bptt: int = 35
    """T: steps of truncated backpropagation."""
    variable_bptt: bool = False
    """Draw window lengths around bptt, as AWD-LSTM does."""
    learning_rate: float = 4e-3
    """Peak learning rate."""
    momentum: float = 0.9
    """adamw: decay of the mean of gradients (beta 1)."""
    square_momentum: float = 0.999
    """adamw: decay of the mean of squared gradients (beta 2)."""
    warmup: float = 0.05
    """Share of the budget over which the learning rate rises."""
    weight_decay: float = 0.01
    """Decoupled for adamw, L2 for paper."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    update_clip: float | None = None
    """adamw: shorten the gradient of a tensor to so many times its usual norm, against sudden jumps."""
    activation_penalty: float = 2.0
    """Weight of the mean square of the outputs (AWD-LSTM's alpha)."""
    temporal_penalty: float = 1.0
    """Weight of the mean square of the change of the outputs between steps (AWD-LSTM's beta)."""
    patience: int = 5
    """paper: validations without improvement before averaging begins."""
    validate_every: int = 1_000_000
    """Tokens after which a pass stops for a validation; every pass ends with one."""
    snapshots: bool = False
    """Keep the weights of every validation too, as runs in snapshots/, to see when trees appear."""
    seed: int = 1
    """Seed of all random draws."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: the GPU where there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Type of matrix products; auto: bf16 where the processor or GPU is faster with it."""

    def __post_init__(self) -> None:
        given = [f"--{name}" for name in BUDGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise UsageError(f"{given[0]} and {given[1]} are two budgets", remedy="give one of them")
        for name in ("batch_size", "max_length", "bptt", "patience", "validate_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        for name in (*BUDGETS, "learning_rate", "clip", "update_clip"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"{name} must be above 0, found {value}")
        if self.vote_strength < 0:
            raise UsageError(f"vote_strength must be at least 0, found {self.vote_strength}")
        for name in ("warmup", "momentum", "square_momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 0 and below 1, found {getattr(self, name)}")


RECIPES = {
    "adamw": TrainingConfig(),
    # Shen et al. 2019, after Merity et al. 2018
    "paper": TrainingConfig(
        recipe="paper",
        batch_size=20,
        bptt=70,
        variable_bptt=True,
        learning_rate=30.0,
        warmup=0.0,
        weight_decay=1.2e-6,
        clip=0.25,
    ),
}
