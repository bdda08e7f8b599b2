"""`onlstm-parse probe logic --models a,b --out DIR`: logical inference."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff

from onlstm_parse.errors import OnlstmError


@dataclass(frozen=True)
class Logic:
    """Train models to name the relation of two formulas of up to six operators; test them with up to twelve.

    Each run reads both formulas with the layers of one language model. Writes accuracies by the number of
    operators as tables and a plot. The same command with the same --out continues; models and seeds may be
    added. Start it several times to do several runs at once.
    """

    out: Path
    """The folder of runs and results."""
    models: str = "on-lstm,lstm"
    """Names of language models, separated by commas."""
    seeds: tuple[int, ...] = (1,)
    """Each model is trained once with each seed."""
    data: str = "logic"
    """The corpus, or a folder with train0.tsv to train6.tsv and test0.tsv to test12.tsv."""
    size: Literal["tiny", "small", "paper"] = "small"
    """A set of model settings; paper: as published."""
    epochs: int | None = None
    """Budget in passes over the training pairs; 10 if no budget is given."""
    minutes: float | None = None
    """Budget in minutes of training, for each run."""
    tokens: int | None = None
    """Budget in pairs seen, for each run."""
    batch_size: int | None = None
    """Pairs an update."""
    learning_rate: float | None = None
    """Peak learning rate."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Type of matrix products; auto: bf16 where the processor or GPU is faster with it."""
    quiet: FlagCreatePairsOff[bool] = False
    """Print nothing but errors."""


def main(arguments: list[str]) -> None:
    command = tyro.cli(Logic, prog="onlstm-parse probe logic", args=arguments)

    from onlstm_parse.experiments.logic_probe import probe_logic

    given = {name: value for name, value in asdict(command).items() if value is not None}
    given["models"] = command.models.replace(",", " ").split()
    try:
        probe_logic(**given)
    except KeyboardInterrupt:
        raise OnlstmError("interrupted", remedy="the same command continues") from None
    if not command.quiet:
        print(f"{command.out / 'results.md'}: tables; a plot beside it", file=sys.stderr)
