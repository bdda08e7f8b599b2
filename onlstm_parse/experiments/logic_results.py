"""results.json, results.md and the plot of `probe logic`: accuracy by the number of operators."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from onlstm_parse.comparison.records import load_record
from onlstm_parse.comparison.results import draw_if_possible
from onlstm_parse.comparison.rows import Figure
from onlstm_parse.display.tables import markdown_table
from onlstm_parse.experiments.logic_formulas import TESTED, TRAINED, LogicText
from onlstm_parse.files import written_whole
from onlstm_parse.scoring.resampling import wilson_95
from onlstm_parse.training.config import BUDGETS, TrainingConfig

PLOT = "accuracy_by_operators"
AS_TRAINED, LONGER = f"0-{TRAINED[-1]}", f"{TRAINED.stop}-{TESTED[-1]}"
PARTS: dict[str, Sequence[int]] = {
    **{str(size): [size] for size in TESTED},
    AS_TRAINED: TRAINED,
    LONGER: range(TRAINED.stop, TESTED.stop),
}
# heading, key, decimals
COLUMNS = (
    ("parameters", "parameters", 0),
    ("pairs seen", "pairs", 0),
    ("minutes", "minutes", 1),
    ("pairs/s", "pairs_per_second", 0),
    ("validation accuracy", "valid_accuracy", 2),
)
Right = dict[str, int]  # the number of right answers by the number of operators


class Accuracy(NamedTuple):
    """Percentages: the mean over seeds, its standard deviation, and the interval for the choice of pairs."""

    accuracy: float
    sd: float | None
    confidence_95: tuple[float, float]
    """Wilson's, of one run with the mean accuracy: all seeds answer the same pairs."""
    pairs: int

    def __str__(self) -> str:
        low, high = self.confidence_95
        sd = "" if self.sd is None else f" ± {self.sd:.1f}"
        return f"{self.accuracy:.1f}{sd} [{low:.1f}, {high:.1f}]"


class Row(NamedTuple):
    """What the runs of one model gave."""

    runs: int
    figures: dict[str, Figure]
    accuracies: dict[str, Accuracy]
    """The keys are PARTS."""


def write_results(
    folder: Path, text: LogicText, data: str, training: TrainingConfig, quiet: bool
) -> dict[str, Row]:
    """Write what the records of the finished runs tell. Returns the row of each model, best first."""
    rows, constant = _rows(folder, text), _accuracies([_most_frequent(text)], text)
    budget = next(f"{value:,} {name}" for name in BUDGETS if (value := getattr(training, name)))
    facts = {"data": data, "budget": budget.replace("tokens", "pairs")}
    with written_whole(folder / "results.json") as file:
        json.dump({**facts, **_as_json(rows, constant)}, file, ensure_ascii=False, indent=2)
        file.write("\n")
    with written_whole(folder / "results.md") as file:
        file.write("\n\n".join((_heading(facts), _runs_table(rows), _accuracies_table(rows, constant))))
    if rows:
        draw_if_possible(partial(_plot, folder, rows, constant), quiet)
    return rows


def _rows(folder: Path, text: LogicText) -> dict[str, Row]:
    records: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((folder / "records").glob("*.json")):
        if record := load_record(folder, file.stem):
            records.setdefault(record["model"], []).append(record)
    rows = {
        model: Row(
            len(runs),
            {key: Figure.of([run[key] for run in runs]) for _, key, _ in COLUMNS},
            _accuracies([run["right"] for run in runs], text),
        )
        for model, runs in records.items()
    }
    return dict(sorted(rows.items(), key=lambda item: -item[1].accuracies[LONGER].accuracy))


def _accuracies(runs: list[Right], text: LogicText) -> dict[str, Accuracy]:
    found = {}
    for part, sizes in PARTS.items():
        pairs = sum(len(text.tests[size].pairs) for size in sizes)
        mean, sd = Figure.of([sum(right[str(size)] for size in sizes) / pairs for right in runs])
        low, high = wilson_95(mean, pairs)
        interval = 100 * low, 100 * high
        found[part] = Accuracy(100 * mean, None if sd is None else 100 * sd, interval, pairs)
    return found


def _most_frequent(text: LogicText) -> Right:
    """What is right if the answer is always the most frequent relation of the training pairs."""
    answer = np.bincount(text.train.relations).argmax()
    return {str(size): int((pairs.relations == answer).sum()) for size, pairs in text.tests.items()}


def _as_json(rows: dict[str, Row], constant: dict[str, Accuracy]) -> dict[str, Any]:
    def by_operators(accuracies: dict[str, Accuracy]) -> dict[str, Any]:
        return {part: found._asdict() for part, found in accuracies.items()}

    models = {
        model: {
            "runs": row.runs,
            **{key: figure._asdict() for key, figure in row.figures.items()},
            "by_operators": by_operators(row.accuracies),
        }
        for model, row in rows.items()
    }
    return {"models": models, "most_frequent_relation": by_operators(constant)}


def _heading(facts: dict[str, str]) -> str:
    return (
        "# Logical inference\n\n"
        f"Trained on pairs of formulas of up to {TRAINED[-1]} operators of {facts['data']}, for "
        f"{facts['budget']} each. Accuracy on every tenth training pair, held out, chose the weights. "
        "Figures are mean ± standard deviation over seeds, on test pairs; in brackets the 95 % interval "
        "for the choice of pairs (Wilson, of a single run)."
    )


def _runs_table(rows: dict[str, Row]) -> str:
    header = ["model", "runs", *(heading for heading, _, _ in COLUMNS)]
    lines = [
        [model, str(row.runs), *(f"{row.figures[key].mean:,.{decimals}f}" for _, key, decimals in COLUMNS)]
        for model, row in rows.items()
    ]
    return markdown_table(header, lines)


def _accuracies_table(rows: dict[str, Row], constant: dict[str, Accuracy]) -> str:
    lines = [
        [
            part,
            f"{base.pairs:,}",
            f"{base.accuracy:.1f}",
            *(str(row.accuracies[part]) for row in rows.values()),
        ]
        for part, base in constant.items()
    ]
    table = markdown_table(["operators", "pairs", "most frequent relation", *rows], lines)
    return f"## Accuracy by operators of the longer formula\n\n{table}\n"


def _plot(folder: Path, rows: dict[str, Row], constant: dict[str, Accuracy]) -> None:
    from onlstm_parse.comparison.plots import save_picture
    from onlstm_parse.display.plots import accuracy_by_operators

    curves = {
        model: [(size, found.accuracy, *found.confidence_95) for size, found in _singles(row.accuracies)]
        for model, row in rows.items()
    }
    reference = [(size, found.accuracy) for size, found in _singles(constant)]
    save_picture(accuracy_by_operators(curves, reference, TRAINED[-1]), folder / PLOT)


def _singles(accuracies: dict[str, Accuracy]) -> list[tuple[int, Accuracy]]:
    return [(size, accuracies[str(size)]) for size in TESTED]
