"""Writes results.csv, results.md and the plots of a comparison."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from onlstm_parse.comparison.plan import Plan
from onlstm_parse.comparison.plots import write_plots
from onlstm_parse.comparison.report import markdown
from onlstm_parse.comparison.rows import Row, gold_labels, model_row, trivial_rows
from onlstm_parse.files import written_whole
from onlstm_parse.scoring.gold import Gold


def write_results(plan: Plan, folder: Path, gold: Gold, quiet: bool = False) -> list[Row]:
    """Write tables of the finished runs and, with matplotlib, plots. Returns the rows."""
    rows = [model_row(plan, folder, model, gold) for model in plan.models]
    rows += trivial_rows(plan, folder)
    _write_csv(rows, folder / "results.csv")
    with written_whole(folder / "results.md") as file:
        file.write(markdown(plan, rows, gold))
    if any(row.runs for row in rows if not row.trivial):
        draw_if_possible(partial(write_plots, plan, folder, rows, list(gold_labels(gold, plan))), quiet)
    return rows


def _write_csv(rows: list[Row], path: Path) -> None:
    """One line a system; each figure has a column of means and a column of standard deviations."""
    keys = list(dict.fromkeys(key for row in rows for key in row.figures))
    header = ["system", "runs", "failed", "trivial", "objective"]
    with written_whole(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*header, *(f"{key.replace(' ', '_')}{part}" for key in keys for part in ("", "_sd"))])
        for row in rows:
            cells: Iterable[float | None] = (
                value for key in keys for value in row.figures.get(key, (None, None))
            )
            facts = [row.name, row.runs, len(row.failures), int(row.trivial), row.objective]
            table.writerow([*facts, *("" if value is None else f"{value:.6g}" for value in cells)])


def draw_if_possible(draw: Callable[[], None], quiet: bool) -> None:
    """Call what draws plots. Without matplotlib it says how to get it."""
    try:
        draw()
    except ImportError:
        if not quiet:
            remedy = "pip install 'onlstm-parse[plot]' and give the same command again"
            print(f"onlstm-parse: no plots, matplotlib is missing: {remedy}", file=sys.stderr)
