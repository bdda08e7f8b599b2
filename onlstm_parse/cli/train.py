"""`onlstm-parse train TEXT... --out RUN`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional

from onlstm_parse.cli.models import summary
from onlstm_parse.errors import OnlstmError
from onlstm_parse.models.network_config import NetworkConfig
from onlstm_parse.runs import CONFIG
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.settings import Settings, defaults_for, stored_settings

Model = TypeVar("Model", bound=NetworkConfig)


@dataclass(frozen=True)
class Train(Generic[Model]):
    """Train a language model or a grammar on text files or corpora, into a run folder.

    The options and their defaults depend on --model, --size and --recipe.
    """

    text: Positional[tuple[str, ...]]
    """Text files, plain or compressed, tables, folders, patterns, addresses, names of corpora, or -."""
    out: Path
    """The run folder to make."""
    valid: str | None = None
    """Validation text; by default that of the corpus, or a held-out twentieth."""
    size: Literal["tiny", "small", "paper"] = "small"
    """A set of model settings."""
    resume: FlagCreatePairsOff[bool] = False
    """Continue an interrupted run, with its own text and settings."""
    quiet: FlagCreatePairsOff[bool] = False
    """Print nothing but errors."""
    tensorboard: FlagCreatePairsOff[bool] = False
    """Write curves for TensorBoard into the run folder."""
    model_settings: OmitArgPrefixes[Model] = tyro.MISSING
    text_settings: OmitArgPrefixes[TextConfig] = field(default_factory=TextConfig)
    training_settings: OmitArgPrefixes[TrainingConfig] = field(default_factory=TrainingConfig)


@dataclass(frozen=True)
class Choice:
    """The options that the defaults of other options depend on."""

    model: str = "on-lstm"
    size: str = "small"
    recipe: str = "adamw"
    out: Path | None = None
    resume: FlagCreatePairsOff[bool] = False


def choice_of(arguments: list[str]) -> Choice:
    """Read these options first: the command itself is read with the defaults that follow from them."""
    options = [word for word in arguments if word not in ("-h", "--help", "--")]
    choice, _ = tyro.cli(Choice, args=options, return_unknown_args=True)
    return choice


def given(arguments: list[str], *options: str) -> list[str]:
    """The options that occur among the arguments."""
    names = {word.split("=")[0] for word in arguments}
    return [option for option in options if option in names]


def main(arguments: list[str]) -> None:
    choice = choice_of(arguments)
    default: Train[NetworkConfig] = Train(text=(), out=tyro.MISSING)
    resumed = choice.resume and choice.out is not None and (choice.out / CONFIG).exists()
    if resumed:
        settings, data = stored_settings(cast(Path, choice.out))
        default = replace(default, text=tuple(data.get("text", ())), valid=data.get("valid"))
    else:
        settings = defaults_for(choice.size, choice.recipe, choice.model)
    default = replace(
        default,
        model_settings=settings.model,
        text_settings=settings.text,
        training_settings=settings.training,
    )
    try:
        kind: Any = Train[type(settings.model)]  # type: ignore[misc]
        command = tyro.cli(kind, prog="onlstm-parse train", args=arguments, default=default)
    except SystemExit:
        if given(arguments, "-h", "--help"):
            print("\n".join(summary()))
        raise
    chosen = Settings(command.model_settings, command.text_settings, command.training_settings)

    from onlstm_parse.training.start import train_run

    try:
        train_run(
            command.text,
            command.out,
            chosen,
            match_width=not (resumed or given(arguments, "--hidden")),
            valid=command.valid,
            resume=command.resume,
            quiet=command.quiet,
            tensorboard=command.tensorboard,
        )
    except KeyboardInterrupt:
        begun = (command.out / CONFIG).exists()
        remedy = f"continue with: onlstm-parse train --resume --out {command.out}"
        raise OnlstmError("interrupted", remedy=remedy if begun else "nothing was trained yet") from None
