"""From the records of runs to rows: each system with its figures, as mean and sd over seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from onlstm_parse.comparison.plan import Plan
from onlstm_parse.comparison.records import Brackets, load_brackets, load_record
from onlstm_parse.comparison.trivial import TRIVIAL
from onlstm_parse.models import CATALOGUE
from onlstm_parse.models.likelihoods import LIKELIHOODS
from onlstm_parse.scoring.comparison import between
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.metrics import label_counts
from onlstm_parse.tree import Tree

# Figures by group: their name here, and where a score has them.
GROUPED = {
    "recall": ("by_label", "recall"),
    "length": ("by_length", "sentence_f1"),
    "depth": ("by_depth", "recall"),
}
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
    """Mean and standard deviation over seeds, draws or pairs of seeds. A single value has no sd."""

    mean: float
    sd: float | None = None

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        return cls(fmean(values), stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """A system and its figures.

    The keys are FIGURES, `f1 LAYER RULE`, `self_f1 LAYER RULE` and, for the layer that trees are
    read from, `recall RULE LABEL`. The layer is `all` for a rule that reads all.
    """

    name: str
    runs: int
    figures: dict[str, Figure]
    trivial: bool = False
    objective: str = "causal"
    failures: dict[int, str] = field(default_factory=dict)
    """Reasons by seed."""

    @property
    def mark(self) -> str:
        """What stands behind its perplexities."""
        return LIKELIHOODS[self.objective].mark


def layers(plan: Plan) -> range:
    return range(1, plan.settings.model.layers + 1)


def gold_labels(gold: Gold, plan: Plan, limit: int = 12) -> dict[str, int]:
    """The most frequent labels of the gold brackets that count, and how often each occurs."""
    return dict(list(label_counts(gold, plan.protocol).items())[:limit])


def model_row(plan: Plan, folder: Path, model: str, gold: Gold) -> Row:
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
    return Row(model, len(done), figures, objective=CATALOGUE[model].objective, failures=failures)


def trivial_rows(plan: Plan, folder: Path) -> list[Row]:
    """Trivial parsers have no layers: their figures appear in the columns of every layer.

    Random levels appear under the rule that split them.
    """
    rows = []
    for name, draws in (load_record(folder, TRIVIAL) or {}).items():
        values: dict[str, list[float]] = defaultdict(list)
        for draw in draws:
            columns = {one: draw[rule] for one in plan.columns() if (rule := one.split("/")[1]) in draw}
            _add_scores(values, columns, plan.settings.model.tree_layer)
        figures = {key: Figure.of(found) for key, found in values.items()}
        rows.append(Row(name, len(draws), figures, trivial=True))
    return rows


def _add_scores(values: dict[str, list[float]], scores: dict[str, Any], labels_of: int) -> None:
    for column, one in scores.items():
        layer, rule = column.split("/")
        values[f"f1 {layer} {rule}"].append(one["sentence_f1"])
        if layer == str(labels_of):
            for name, (groups, measure) in GROUPED.items():
                for group, row in one.get(groups, {}).items():
                    if row[measure] is not None:
                        values[f"{name} {rule} {group}"].append(row[measure])


def _add_self_f1s(values: dict[str, list[float]], runs: list[Brackets], gold: Gold, protocol: str) -> None:
    """Agreement of the trees of runs that differ only in their seed (Williams et al. 2018)."""
    for column in [one for one in runs[0] if all(one in run for run in runs)]:
        layer, rule = column.split("/")
        report = between([partial(_trees, run[column], gold) for run in runs], protocol)
        values[f"self_f1 {layer} {rule}"] = [pair["sentence_f1"] for pair in report["pairs"]]


def _trees(brackets: list[list[tuple[int, int]]], gold: Gold) -> Iterator[Tree]:
    return map(Tree.from_spans, (sentence.words for sentence in gold.sentences), brackets)
