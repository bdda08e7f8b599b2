"""Train models on the same text with the same budget, and compare them; see `compare`.

comparison.json      the settings of all runs: text, treebank, budget
runs/MODEL-SEED/     a run folder each
records/             the results of each finished run: JSON, and its brackets for the self-F1
results.csv, .md     the tables; plots beside them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any


def compare(
    texts: Sequence[str | Path],
    treebank: str | Path,
    out: str | Path,
    models: Sequence[str] | None = None,
    seeds: Sequence[int] = (1,),
    *,
    size: str = "small",
    recipe: str = "adamw",
    valid: str | Path | None = None,
    test: str | Path | None = None,
    format: str | None = None,
    protocol: str = "shen2019",
    words: str | None = None,
    longest: int | None = None,
    quiet: bool = True,
    **settings: Any,
) -> list[Any]:
    """Train each model (default: all) with each seed into the folder `out`, score, and write the results.

    `settings` are as for `train`. `longest` leaves out longer sentences of the treebank. Finished runs in
    `out` are not repeated. Returns the rows of the table (`rows.Row`). Raises OnlstmError if a run failed,
    after the others are done, and KeyboardInterrupt after Ctrl-C.
    """
    from onlstm_parse.comparison.plan import Plan
    from onlstm_parse.comparison.running import run_plan
    from onlstm_parse.models import MODELS
    from onlstm_parse.training.settings import change, defaults_for

    names = tuple(map(str, texts))
    chosen = change(defaults_for(size, recipe), **settings)
    plan = Plan(
        text=names,
        treebank=str(treebank),
        models=tuple(MODELS if models is None else models),
        seeds=tuple(seeds),
        settings=chosen._replace(training=replace(chosen.training, seed=1)),
        valid=None if valid is None else str(valid),
        test=None if test is None else str(test),
        format=format,
        protocol=protocol,
        words=words,
        longest=longest,
        size=size,
    )
    return run_plan(plan, Path(out), quiet)
