"""`onlstm-parse distil RUN TEXT... --out RUN`: one small parser that agrees with another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.errors import OnlstmError
from onlstm_parse.runs import CONFIG


def distil(
    run: Positional[str],
    text: Positional[tuple[str, ...]],
    *,
    out: Path,
    model: str = "span-parser",
    valid: str | None = None,
    size: Literal["tiny", "small", "paper"] = "small",
    epochs: int | None = None,
    minutes: float | None = None,
    max_length: int = 40,
    max_words: int | None = None,
    seed: int = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    resume: FlagCreatePairsOff[bool] = False,
    quiet: FlagCreatePairsOff[bool] = False,
) -> None:
    """Train a small parser on the trees that a run, such as an average, gives to raw text.

    A span parser learns these trees; its weights are chosen by the agreement with the run on held-out
    sentences. A grammar (--model simple-pcfg) learns the text, with trees of the brackets that members of the
    run give; its weights are chosen by validation perplexity. No gold tree is used.

    Args:
        run: The run to learn from: a folder, or a pretrained parser (en, zh).
        text: Text files, plain or compressed, tables, folders, patterns, addresses, names of corpora, or -.
        out: The run folder to make.
        model: span-parser, or a grammar: see onlstm-parse models.
        valid: Validation text; by default that of the corpus, or a held-out twentieth.
        size: A set of model settings.
        epochs: Budget in passes over the text; 10 if no budget is given.
        minutes: Budget in minutes of training, without the time that parsing the text takes.
        max_length: Longer sentences are not learnt from.
        max_words: Size limit of the vocabulary.
        seed: Seed of all random draws.
        device: Where to compute.
        precision: Type of matrix products; auto: bf16 where the processor or GPU has it natively.
        resume: Continue an interrupted run; give the same arguments again.
        quiet: Print nothing but errors.
    """
    from onlstm_parse.experiments import distillation

    given: dict[str, Any] = {"epochs": epochs, "minutes": minutes, "max_words": max_words}
    try:
        made = distillation.distil(
            run,
            text,
            out,
            model=model,
            valid=valid,
            size=size,
            resume=resume,
            quiet=quiet,
            max_length=max_length,
            seed=seed,
            device=device,
            precision=precision,
            **{name: value for name, value in given.items() if value is not None},
        )
    except KeyboardInterrupt:
        remedy = "continue with the same command and --resume" if (out / CONFIG).exists() else "start again"
        raise OnlstmError("interrupted", remedy=remedy) from None
    if not quiet:
        print(f"the parser is in {made.folder}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    tyro.cli(distil, prog="onlstm-parse distil", args=arguments)
