"""`onlstm-parse train TEXT... --out RUN`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional

from onlstm_parse.cli.models import summary
from onlstm_parse.errors import OnlstmError
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.runs import CONFIG
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.settings import Settings, settings_for, stored_settings


@dataclass(frozen=True)
class Train:
    """Train a language model on text files or corpora, into a run folder.

    Defaults follow --size, --recipe and the look of the text.
    """

    text: Positional[tuple[str, ...]]
    """Text files, plain or gzipped, folders of them, or names of corpora."""
    out: Path
    """The run folder to make."""
    valid: str | None = None
    """Validation text; otherwise the corpus' own, or a held-out twentieth."""
    size: Literal["tiny", "small", "paper"] = "small"
    """A set of model settings."""
    resume: FlagCreatePairsOff[bool] = False
    """Go on where an interrupted run stood; its text and settings are the run's own."""
    quiet: FlagCreatePairsOff[bool] = False
    """Print nothing but errors."""
    model_settings: OmitArgPrefixes[ModelConfig] = field(default_factory=ModelConfig)
    text_settings: OmitArgPrefixes[TextConfig] = field(default_factory=TextConfig)
    training_settings: OmitArgPrefixes[TrainingConfig] = field(default_factory=TrainingConfig)


FLAGS = ("resume", "quiet", "help")


def main(arguments: list[str]) -> None:
    texts, options = first_look(arguments)
    settings = settings_for(texts, options.get("size", "small"), options.get("recipe", "adamw"))
    default = Train(text=(), out=tyro.MISSING)
    resumed = "resume" in options and (Path(options.get("out", "")) / CONFIG).exists()
    if resumed:
        settings, data = stored_settings(Path(options["out"]))
        default = replace(default, text=tuple(data.get("text", ())), valid=data.get("valid"))
    default = replace(
        default,
        model_settings=settings.model,
        text_settings=settings.text,
        training_settings=settings.training,
    )
    try:
        command = tyro.cli(Train, prog="onlstm-parse train", args=arguments, default=default)
    except SystemExit:
        if "help" in options or "h" in options:
            print("\n".join(summary()))
        raise
    chosen = Settings(command.model_settings, command.text_settings, command.training_settings)

    from onlstm_parse.models.sizes import matched
    from onlstm_parse.training.start import train_run

    if "hidden" not in options and not resumed:
        chosen = chosen._replace(model=matched(chosen.model))

    try:
        train_run(
            command.text,
            command.out,
            chosen,
            valid=command.valid,
            resume=command.resume,
            quiet=command.quiet,
        )
    except KeyboardInterrupt:
        begun = (command.out / CONFIG).exists()
        remedy = f"continue with: onlstm-parse train --resume --out {command.out}"
        raise OnlstmError("interrupted", remedy=remedy if begun else "nothing was trained yet") from None


def first_look(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """The texts and the options as written: what the defaults of the other options hang on."""
    texts, options = [], {}
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-"):
            texts.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        options[name] = value if equals or name in FLAGS else next(rest, "")
    return ([], options) if "help" in options or "h" in options else (texts, options)
