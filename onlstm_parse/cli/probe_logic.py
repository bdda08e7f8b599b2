"""`onlstm-parse probe logic --models a,b --out DIR`: logical inference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import tyro
from tyro.conf import FlagCreatePairsOff

from onlstm_parse.errors import OnlstmError


def logic(
    *,
    out: Path,
    models: str = "on-lstm,lstm",
    seeds: tuple[int, ...] = (1,),
    data: str = "logic",
    size: Literal["tiny", "small", "paper"] = "small",
    epochs: int | None = None,
    minutes: float | None = None,
    tokens: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    quiet: FlagCreatePairsOff[bool] = False,
) -> None:
    """Train models to name the relation of two formulas of up to six operators; test them with up to twelve.

    Each run reads both formulas with the layers of one language model. Writes accuracies by the number of
    operators as tables and a plot. The same command with the same --out continues; models and seeds may be
    added. Start it several times to do several runs at once.

    Args:
        out: The folder of runs and results.
        models: Names of language models, separated by commas.
        seeds: Each model is trained once with each seed.
        data: The corpus, or a folder with train0.tsv to train6.tsv and test0.tsv to test12.tsv.
        size: A set of model settings; paper: as published.
        epochs: Budget in passes over the training pairs; 10 if no budget is given.
        minutes: Budget in minutes of training, for each run.
        tokens: Budget in pairs seen, for each run.
        batch_size: Pairs an update.
        learning_rate: Peak learning rate.
        device: Where to compute.
        precision: Type of matrix products; auto: bf16 where the processor or GPU has it natively.
        quiet: Print nothing but errors.
    """
    from onlstm_parse.experiments.logic_probe import probe_logic

    given: dict[str, Any] = {
        "epochs": epochs,
        "minutes": minutes,
        "tokens": tokens,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    try:
        probe_logic(
            out,
            tuple(filter(None, models.replace(",", " ").split())),
            seeds,
            data=data,
            size=size,
            quiet=quiet,
            device=device,
            precision=precision,
            **{name: value for name, value in given.items() if value is not None},
        )
    except KeyboardInterrupt:
        raise OnlstmError("interrupted", remedy="the same command continues") from None
    if not quiet:
        print(f"{out / 'results.md'}: tables; a plot beside it", file=sys.stderr)


def main(arguments: list[str]) -> None:
    tyro.cli(logic, prog="onlstm-parse probe logic", args=arguments)
