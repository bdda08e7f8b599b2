"""From the records of runs to rows, and from rows to results.csv, results.md and plots."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from onlstm_parse.comparison.plan import Plan
from onlstm_parse.comparison.records import Brackets, load_brackets, load_record
from onlstm_parse.comparison.trivial import TRIVIAL
from onlstm_parse.files import written_whole
from onlstm_parse.induction import SPLITTERS
from onlstm_parse.scoring.comparison import between
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.tree import Tree

MASKED = "†"  # behind what is a pseudo-perplexity
FIGURES = (
    "parameters",
    "tokens",
    "minutes",
    "tokens_per_second",
    "peak_mb",
    "valid_perplexity",
    "test_perplexity",
)


class Figure(NamedTuple):
    """Mean and standard deviation over seeds (or draws, or pairs of seeds); no sd of a single value."""

    mean: float
    sd: float | None = None

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        return cls(fmean(values), stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """A system and its figures.

    Their keys are FIGURES, `f1 LAYER RULE`, `self_f1 LAYER RULE` and, of the layer that trees are
    read from, `recall RULE LABEL`.
    """

    name: str
    runs: int
    figures: dict[str, Figure]
    trivial: bool = False
    masked: bool = False
    failures: dict[int, str] = field(default_factory=dict)
    """Reasons by seed."""


def write_results(plan: Plan, folder: Path, gold: Gold, quiet: bool = False) -> list[Row]:
    """Write tables and, where matplotlib is installed, plots of what is finished; returns the rows."""
    from onlstm_parse.comparison.report import markdown

    rows = [_model_row(plan, folder, model, gold) for model in plan.models]
    rows += _trivial_rows(plan, folder)
    _write_csv(rows, folder / "results.csv")
    with written_whole(folder / "results.md") as file:
        file.write(markdown(plan, rows, gold))
    if any(row.runs for row in rows if not row.trivial):
        _plot(plan, folder, rows, gold, quiet)
    return rows


def layers(plan: Plan) -> range:
    return range(1, plan.settings.model.layers + 1)


def gold_labels(gold: Gold, plan: Plan, limit: int = 12) -> dict[str, int]:
    """The most frequent labels of gold brackets that count, with their numbers."""
    from onlstm_parse.scoring.metrics import label_counts

    return dict(list(label_counts(gold, plan.protocol).items())[:limit])


def _model_row(plan: Plan, folder: Path, model: str, gold: Gold) -> Row:
    jobs = [job for job in plan.jobs() if job.model == model]
    records = {job: record for job in jobs if (record := load_record(folder, job.name))}
    failures = {job.seed: str(record["failure"]) for job, record in records.items() if "failure" in record}
    done = {job.name: record for job, record in records.items() if "failure" not in record}
    values: dict[str, list[float]] = defaultdict(list)
    for record in done.values():
        for key in FIGURES:
            if record[key] is not None:
                values[key].append(record[key])
        _add_scores(values, record["scores"], plan.settings.model.tree_layer)
    if len(done) > 1:
        _add_self_f1s(values, [load_brackets(folder, name) for name in done], gold, plan.protocol)
    figures = {key: Figure.of(found) for key, found in values.items()}
    masked = any(record["masked"] for record in done.values())
    return Row(model, len(done), figures, masked=masked, failures=failures)


def _trivial_rows(plan: Plan, folder: Path) -> list[Row]:
    """The trivial parsers have no layers: their figures stand in the columns of each."""
    rows = []
    for name, draws in (load_record(folder, TRIVIAL) or {}).items():
        values: dict[str, list[float]] = defaultdict(list)
        for draw in draws:
            columns = {f"{layer}/{rule}": one for layer in layers(plan) for rule, one in draw.items()}
            _add_scores(values, columns, plan.settings.model.tree_layer)
        figures = {key: Figure.of(found) for key, found in values.items()}
        rows.append(Row(name, len(draws), figures, trivial=True))
    return rows


def _add_scores(values: dict[str, list[float]], scores: dict[str, Any], labels_of: int) -> None:
    for column, one in scores.items():
        layer, rule = column.split("/")
        values[f"f1 {layer} {rule}"].append(one["sentence_f1"])
        if int(layer) == labels_of:
            for label, row in one["by_label"].items():
                values[f"recall {rule} {label}"].append(row["recall"])


def _add_self_f1s(values: dict[str, list[float]], runs: list[Brackets], gold: Gold, protocol: str) -> None:
    """How far runs that differ in their seed alone induce the same trees (Williams et al. 2018)."""
    for column in runs[0]:
        layer, rule = column.split("/")
        report = between([partial(_trees, run[column], gold) for run in runs], protocol)
        values[f"self_f1 {layer} {rule}"] = [pair["sentence_f1"] for pair in report["pairs"]]


def _trees(brackets: list[list[tuple[int, int]]], gold: Gold) -> Iterator[Tree]:
    return map(Tree.from_spans, (sentence.words for sentence in gold.sentences), brackets)


def _write_csv(rows: list[Row], path: Path) -> None:
    """A line a system; each figure as a column of means and one of standard deviations."""
    keys = list(dict.fromkeys(key for row in rows for key in row.figures))
    header = ["system", "runs", "failed", "trivial", "masked"]
    with written_whole(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*header, *(f"{key.replace(' ', '_')}{part}" for key in keys for part in ("", "_sd"))])
        for row in rows:
            cells: Iterable[float | None] = (
                value for key in keys for value in row.figures.get(key, (None, None))
            )
            facts = [row.name, row.runs, len(row.failures), int(row.trivial), int(row.masked)]
            table.writerow([*facts, *("" if value is None else f"{value:.6g}" for value in cells)])


def _plot(plan: Plan, folder: Path, rows: list[Row], gold: Gold, quiet: bool) -> None:
    from onlstm_parse.comparison.plots import write_plots

    try:
        write_plots(plan, folder, rows, list(gold_labels(gold, plan)))
    except ImportError:
        if not quiet:
            remedy = "pip install 'onlstm-parse[plot]', and the same command draws them"
            print(f"onlstm-parse: no plots, matplotlib is missing: {remedy}", file=sys.stderr)


__all__ = ["FIGURES", "MASKED", "SPLITTERS", "Figure", "Row", "gold_labels", "layers", "write_results"]
