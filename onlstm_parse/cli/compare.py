"""`onlstm-parse compare TEXT... --treebank PATH --models a,b,c --out DIR`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional

from onlstm_parse.cli.train import choice_of, given
from onlstm_parse.comparison.plan import PLAN, Plan
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.models import MODELS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.config import BUDGETS, TrainingConfig
from onlstm_parse.training.settings import Settings, defaults_for


@dataclass(frozen=True)
class Compare:
    """Train several models on the same text with the same budget, score their trees, write tables and plots.

    Each run has its own process. The same command with the same --out continues an interrupted comparison
    with its settings; models and seeds may be added. Start it several times to do several runs at once.
    """

    text: Positional[tuple[str, ...]]
    """Text files, plain or compressed, tables, folders, patterns, addresses, names of corpora, or -."""
    out: Path
    """The folder of runs and results."""
    treebank: str
    """A treebank file, a folder of them, or a corpus name. It is used for scores only, never for training or
    selection.
    """
    models: str = ",".join(MODELS)
    """Names of models, separated by commas."""
    seeds: Annotated[tuple[str, ...], tyro.conf.arg(metavar="INT [INT ...]")] = ("1",)
    """Each model is trained once with each seed."""
    valid: str | None = None
    """Validation text; by default that of the corpus, or a held-out twentieth."""
    test: str | None = None
    """Text to measure perplexity on; by default that of the corpus, or none."""
    format: str | None = None
    """The treebank's format, see onlstm-parse evaluate --help; by default recognised by content."""
    protocol: str = "shen2019"
    """shen2019, kim2019, evalb or strict."""
    words: str | None = None
    """The leaves that count: penn-words, unicode-words or none; by default as the corpus or format needs."""
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
    for option in given(arguments, "--model", "--seed"):
        raise UsageError(f"{option} is for a single run", remedy=f"use {option}s")
    command = tyro.cli(Compare, prog="onlstm-parse compare", args=arguments, default=_defaults(arguments))
    seeds, texts = _seeds_and_texts(command.seeds)
    plan = Plan(
        text=command.text + texts,
        treebank=command.treebank,
        models=tuple(filter(None, command.models.replace(",", " ").split())),
        seeds=seeds,
        settings=Settings(command.model_settings, command.text_settings, command.training_settings),
        **{name: getattr(command, name) for name in _SHARED},
    )

    from onlstm_parse.comparison.running import run_plan

    try:
        run_plan(plan, command.out, command.quiet)
    except KeyboardInterrupt:
        remedy = f"continue with: onlstm-parse compare --out {command.out}"
        begun = (command.out / PLAN).exists()
        raise OnlstmError("interrupted", remedy=remedy if begun else "no run was started yet") from None
    if not command.quiet:
        print(f"{command.out / 'results.md'}: tables; plots beside it", file=sys.stderr)


def _seeds_and_texts(words: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """tyro gives all words after --seeds to it: the words after the numbers are texts."""
    seeds = tuple(map(int, takewhile(str.isdecimal, words)))
    if not seeds:
        raise UsageError(f"expected a number after --seeds, found {' '.join(words)!r}")
    return seeds, words[len(seeds) :]


_SHARED = ("valid", "test", "format", "protocol", "words", "longest", "size")


def _defaults(arguments: list[str]) -> Compare:
    """By size and recipe; or the settings of a comparison that continues."""
    choice = choice_of(arguments)
    if choice.out is None or not (choice.out / PLAN).exists():
        settings = defaults_for(choice.size, choice.recipe)
        return _with(Compare(text=(), out=tyro.MISSING, treebank=tyro.MISSING), settings)
    plan = Plan.load(choice.out)
    settings = plan.settings
    if given(arguments, *(f"--{name}" for name in BUDGETS)):  # the plan refuses another budget
        training = replace(settings.training, epochs=None, minutes=None, tokens=None)
        settings = settings._replace(training=training)
    begun = Compare(
        text=plan.text,
        out=choice.out,
        treebank=plan.treebank,
        models=",".join(plan.models),
        seeds=tuple(map(str, plan.seeds)),
        **{name: getattr(plan, name) for name in _SHARED},
    )
    return _with(begun, settings)


def _with(command: Compare, settings: Settings) -> Compare:
    model, text, training = settings
    return replace(command, model_settings=model, text_settings=text, training_settings=training)
