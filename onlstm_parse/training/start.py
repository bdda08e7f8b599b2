"""From text to a trained run, for the command line and for Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from onlstm_parse import corpora
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import remove_leftovers
from onlstm_parse.models import KINDS
from onlstm_parse.ops.precision import choose_device
from onlstm_parse.registry import resolve
from onlstm_parse.runs import CONFIG, Run, RunConfig
from onlstm_parse.text.corpus import PreparedText, prepare
from onlstm_parse.text.sources import STANDARD_INPUT
from onlstm_parse.training.checkpoint import checkpoint_file
from onlstm_parse.training.loop import Trainer
from onlstm_parse.training.progress import Display
from onlstm_parse.training.settings import (
    Settings,
    change,
    complete,
    defaults_for,
    settled,
    stored_settings,
)
from onlstm_parse.training.team import Team, first_here_first, joined, restarted
from onlstm_parse.version import VERSION


def train(
    texts: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    valid: str | Path | None = None,
    size: str = "small",
    recipe: str = "adamw",
    resume: bool = False,
    quiet: bool = True,
    tensorboard: bool = False,
    **settings: Any,
) -> Run:
    """Train a model on a text file (or corpus name), or several, into the run folder `out`.

    `settings` are fields of ModelConfig (or GrammarConfig), TextConfig and TrainingConfig, e.g. `epochs=3`,
    `tokeniser="whitespace"`, `model="lstm"`. Raises OnlstmError for bad input, and
    KeyboardInterrupt after Ctrl-C, when `resume=True` continues. `tensorboard` writes curves into the folder.
    """
    names = [str(text) for text in ([texts] if isinstance(texts, str | Path) else texts)]
    chosen = change(defaults_for(size, recipe, settings.get("model", "on-lstm")), **settings)
    return train_run(
        names,
        Path(out),
        chosen,
        match_width="hidden" not in settings,
        valid=None if valid is None else str(valid),
        resume=resume,
        quiet=quiet,
        tensorboard=tensorboard,
    )


def train_run(
    texts: Sequence[str],
    folder: Path,
    settings: Settings,
    *,
    match_width: bool,
    valid: str | None = None,
    resume: bool = False,
    quiet: bool = False,
    tensorboard: bool = False,
    read: Callable[[Sequence[str], str | None, Settings], Any] | None = None,
    objective: str | None = None,
) -> Run:
    """Begin a run, or with `resume` continue it; see `train`. Completes the settings, see `complete`.

    `read` makes what the objective trains on, if that is more than a `PreparedText`, from texts, validation
    text and settings. `objective` ("module:class") is another one than the kind's own.

    Under torchrun, all processes call it and train together.
    """
    with joined() as team:
        _refuse_shared_input(team, [*texts, valid])
        display = Display(quiet or not team.first)
        if team.first:
            remove_leftovers(folder)
        begun = checkpoint_file(folder).exists()
        if not (resume or restarted()) and (folder / CONFIG).exists():
            remedy = "continue it with --resume, or choose another --out"
            raise OnlstmError("a run is here already", file=folder, remedy=remedy)
        stored_data: dict[str, Any] = {}
        if begun:
            stored, stored_data = stored_settings(folder)
            settings = settings._replace(text=settled(settings.text, stored.text))
            refuse_changes(stored, complete(settings, texts, match_width))
            settings = stored
        else:
            settings = complete(settings, texts, match_width)
        with first_here_first(team):
            text = (read or prepared)(texts, valid, settings)
        settings = settings._replace(model=settings.model.for_vocabulary(len(text.pipeline.vocabulary)))
        data = _describe(texts, valid, text)
        if begun:
            check_same_text(data, stored_data, folder)
        prints = {f"the {name} text": data[f"{name}_fingerprint"] for name in ("train", "valid")}
        team.check_same(version=VERSION, **prints, settings=settings)
        trainer = _trainer(settings, text, objective, folder, display, tensorboard)
        if begun:
            trainer.resume()
        elif team.first:
            text.pipeline.save(folder)
            stored_training = asdict(settings.training)
            RunConfig(settings.model, settings.text, stored_training, data, kind=settings.kind).save(folder)
        display.say(_headline(data, settings, trainer))
        trainer.run()
        display.say(_closing_line(trainer, folder))
    return Run.load(folder)


def _trainer(
    settings: Settings,
    text: Any,
    objective: str | None,
    folder: Path,
    display: Display,
    tensorboard: bool,
) -> Trainer:
    """Processes of a team begin with the same weights, and draw different dropout masks."""
    training, kind, team = settings.training, KINDS[settings.kind], Team()
    torch.manual_seed(training.seed)
    device = choose_device(training.device)
    model = resolve(kind.network)(settings.model, len(text.pipeline.vocabulary)).to(device)
    if not team.first:
        torch.manual_seed(training.seed + (team.rank << 32))
    trained = resolve(objective or kind.objective)(model, text, training)
    return Trainer(trained, training, folder, display, tensorboard)


def prepared(texts: Sequence[str], valid: str | None, settings: Settings) -> PreparedText:
    """The ids of the texts, and the vocabulary. Raises OnlstmError."""
    if not texts:
        raise OnlstmError(
            "no text was given", remedy="name a text file or a corpus, see onlstm-parse corpora list"
        )
    paths = [path for text in texts for path in corpora.locate_text(text)]
    valid_paths = corpora.locate_text(valid) if valid is not None else None
    if valid is None and len(texts) == 1:
        valid_paths = corpora.locate_valid(texts[0])
    return prepare(paths, settings.text, valid_paths=valid_paths)


def _refuse_shared_input(team: Team, names: Sequence[str | None]) -> None:
    """Each process would take a part of standard input, and none of them the text."""
    if team.size > 1 and STANDARD_INPUT in names:
        if not team.first:
            raise SystemExit(1)  # one process tells it
        remedy = "write it to a file first, which all processes see"
        raise UsageError("several processes cannot share standard input", remedy=remedy)


def _describe(texts: Sequence[str], valid: str | None, text: PreparedText) -> dict[str, Any]:
    """The `data` section of config.json."""
    return {
        "text": [corpora.lasting(name) for name in texts],
        "valid": None if valid is None else corpora.lasting(valid),
        "vocabulary": len(text.pipeline.vocabulary),
        "train_tokens": len(text.train),
        "valid_tokens": len(text.valid),
        "train_unknown": round(text.train.unknown_share, 5),
        "valid_unknown": round(text.valid.unknown_share, 5),
        "train_fingerprint": text.train.fingerprint,
        "valid_fingerprint": text.valid.fingerprint,
    }


def refuse_changes(stored: Settings, chosen: Settings) -> None:
    for part in Settings._fields:
        before, after = asdict(getattr(stored, part)), asdict(getattr(chosen, part))
        for name in before:
            if after[name] not in (before[name], "auto"):
                raise UsageError(
                    f"{name} is {before[name]} in the run, {after[name]} was asked for",
                    remedy=f"leave {name} as it is to resume, or begin a new run with another --out",
                )


def check_same_text(data: dict[str, Any], stored: dict[str, Any], folder: Path) -> None:
    for name in ("train_fingerprint", "valid_fingerprint"):
        if data[name] != stored.get(name):
            raise OnlstmError(
                f"the {name.partition('_')[0]} text is not what the run began with",
                file=folder,
                remedy="put the text back, or begin a new run with another --out",
            )


def _headline(data: dict[str, Any], settings: Settings, trainer: Trainer) -> str:
    likelihood = settings.model.likelihood
    figure = f"; its figure is a {likelihood.note}" if likelihood.caution else ""
    return (
        f"text: {data['train_tokens']:,} tokens ({data['valid_tokens']:,} held out for validation), "
        f"{data['vocabulary']:,} words ({data['valid_unknown']:.1%} of the held-out ones unknown), "
        f"tokeniser {settings.text.tokeniser}, normalisation {settings.text.normalisation}\n"
        f"model: {settings.model.model}, {trainer.model.parameter_count():,} parameters; "
        f"{trainer.precision} on {trainer.device}{figure}"
    )


def _closing_line(trainer: Trainer, folder: Path) -> str:
    progress = trainer.progress
    figure = f"{trainer.objective.figure_name} {min(progress.figures):.2f}"
    return (
        f"done: validation {figure} after {progress.tokens:,} tokens "
        f"in {progress.seconds / 60:.1f} minutes; the run is in {folder}"
    )
