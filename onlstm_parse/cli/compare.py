"""`onlstm-parse compare TEXT... --treebank PATH --models a,b,c --out DIR`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional

from onlstm_parse.cli.train import first_look
from onlstm_parse.comparison.plan import PLAN, Plan
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.models import MODELS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.config import BUDGETS, TrainingConfig
from onlstm_parse.training.settings import Settings, settings_for


@dataclass(frozen=True)
class Compare:
    """Train several models on the same text with the same budget, score their trees, write tables and plots.

    Each run has its own process. A call with the same --out goes on where the last one stopped, with its
    settings; models and seeds may be added. Several calls at a time do that many runs at once.
    """

    text: Positional[tuple[str, ...]]
    """Text files, plain or gzipped, folders of them, or names of corpora."""
    out: Path
    """The folder of runs and results."""
    treebank: str
    """A treebank file, a folder of them, or a corpus name: scored against, never trained or selected on."""
    models: str = ",".join(MODELS)
    """Names of models, parted by commas."""
    seeds: tuple[int, ...] = (1,)
    """Each model is trained once with each."""
    valid: str | None = None
    """Validation text; otherwise the corpus' own, or a held-out twentieth."""
    test: str | None = None
    """Text to measure perplexity on; otherwise the corpus' own, or none."""
    format: str | None = None
    """The treebank's format, penn or sinica; recognised by content if not given."""
    protocol: str = "shen2019"
    """shen2019, kim2019, evalb or strict."""
    words: str | None = None
    """The leaves that count, penn-words, unicode-words or none; by corpus or format if not given."""
    longest: int | None = None
    """Leave out longer sentences of the treebank, counted in words that count."""
    size: Literal["tiny", "small", "paper"] = "small"
    """A set of model settings."""
    quiet: FlagCreatePairsOff[bool] = False
    """Print nothing but errors."""
    model_settings: OmitArgPrefixes[ModelConfig] = field(default_factory=ModelConfig)
    text_settings: OmitArgPrefixes[TextConfig] = field(default_factory=TextConfig)
    training_settings: OmitArgPrefixes[TrainingConfig] = field(default_factory=TrainingConfig)


def main(arguments: list[str]) -> None:
    texts, options = first_look(arguments)
    for name in ("model", "seed"):
        if name in options:
            raise UsageError(f"--{name} is for a single run", remedy=f"use --{name}s")
    command = tyro.cli(
        Compare, prog="onlstm-parse compare", args=arguments, default=_defaults(texts, options)
    )
    plan = Plan(
        text=command.text,
        treebank=command.treebank,
        models=tuple(filter(None, command.models.replace(",", " ").split())),
        seeds=command.seeds,
        settings=Settings(command.model_settings, command.text_settings, command.training_settings),
        **{name: getattr(command, name) for name in _SHARED},
    )

    from onlstm_parse.comparison.running import run_plan

    try:
        run_plan(plan, command.out, command.quiet)
    except KeyboardInterrupt:
        remedy = f"go on with: onlstm-parse compare --out {command.out}"
        begun = (command.out / PLAN).exists()
        raise OnlstmError("interrupted", remedy=remedy if begun else "nothing was begun yet") from None
    if not command.quiet:
        print(f"{command.out / 'results.md'}: tables; plots beside it", file=sys.stderr)


_SHARED = ("valid", "test", "format", "protocol", "words", "longest")


def _defaults(texts: list[str], options: dict[str, str]) -> Compare:
    """By size, recipe and the look of the text; or those of a comparison that is gone on with."""
    out = Path(options.get("out", ""))
    if "out" not in options or not (out / PLAN).exists():
        settings = settings_for(texts, options.get("size", "small"), options.get("recipe", "adamw"))
        return _with(Compare(text=(), out=tyro.MISSING, treebank=tyro.MISSING), settings)
    plan = Plan.load(out)
    model, text, training = plan.settings
    if any(name in options for name in BUDGETS):  # a changed budget is refused later, not two budgets now
        training = replace(training, epochs=None, minutes=None, tokens=None)
    shared = {name: getattr(plan, name) for name in _SHARED}
    begun = Compare(
        text=plan.text,
        out=out,
        treebank=plan.treebank,
        models=",".join(plan.models),
        seeds=plan.seeds,
        **shared,
    )
    return _with(begun, Settings(model, text, training))


def _with(command: Compare, settings: Settings) -> Compare:
    model, text, training = settings
    return replace(command, model_settings=model, text_settings=text, training_settings=training)
