"""`onlstm-parse distil RUN TEXT... --out RUN`: one small parser that agrees with another."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.errors import OnlstmError
from onlstm_parse.runs import CONFIG


@dataclass(frozen=True)
class Distil:
    """Train a small parser on the trees that a run, such as an average, gives to raw text.

    A span parser learns these trees; its weights are chosen by the agreement with the run on held-out
    sentences. A grammar (--model neural-pcfg) learns the text, with the votes of the run's members as a
    prior on its trees; its weights are chosen by validation perplexity. No gold tree is used.
    """

    run: Positional[str]
    """The run to learn from: a folder, or a pretrained parser (en, zh)."""
    texts: Positional[tuple[str, ...]]
    """Text files, plain or compressed, tables, folders, patterns, addresses, names of corpora, or -."""
    out: Path
    """The run folder to make."""
    model: str = "span-parser"
    """span-parser, or a grammar: see onlstm-parse models."""
    valid: str | None = None
    """Validation text; by default that of the corpus, or a held-out twentieth."""
    size: Literal["tiny", "small", "paper"] = "small"
    """A set of model settings."""
    epochs: int | None = None
    """Budget in passes over the text; 10 if no budget is given."""
    minutes: float | None = None
    """Budget in minutes of training, without the time that parsing the text takes."""
    sentences: int | None = None
    """Learn from no more sentences than this, spread over the text; all if not given."""
    vote_strength: float | None = None
    """A grammar: nats for a bracket that all vote for, 2.5 if not given; more keeps it nearer to them."""
    max_length: int = 40
    """Longer sentences are not learnt from."""
    max_words: int | None = None
    """Size limit of the vocabulary."""
    seed: int = 1
    """Seed of all random draws."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Type of matrix products, for both runs; auto: bf16 where the processor or GPU is faster with it."""
    resume: FlagCreatePairsOff[bool] = False
    """Continue an interrupted run; give the same arguments again."""
    quiet: FlagCreatePairsOff[bool] = False
    """Print nothing but errors."""


def main(arguments: list[str]) -> None:
    command = tyro.cli(Distil, prog="onlstm-parse distil", args=arguments)

    from onlstm_parse.experiments.distillation import distil

    try:
        made = distil(**{name: value for name, value in asdict(command).items() if value is not None})
    except KeyboardInterrupt:
        begun = (command.out / CONFIG).exists()
        remedy = "continue with the same command and --resume" if begun else "start again"
        raise OnlstmError("interrupted", remedy=remedy) from None
    if not command.quiet:
        print(f"the parser is in {made.folder}", file=sys.stderr)
