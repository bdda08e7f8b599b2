"""The pictures of a comparison, each as SVG and PNG; needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from onlstm_parse.comparison.plan import Plan
from onlstm_parse.comparison.records import runs_folder
from onlstm_parse.comparison.rows import Row
from onlstm_parse.files import written_whole
from onlstm_parse.induction import SPLITTERS
from onlstm_parse.models.likelihoods import LIKELIHOODS
from onlstm_parse.runs import read_metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BY_GROUP = {
    "f1_by_length": ("length", "sentence F1 by number of words"),
    "recall_by_depth": ("depth", "recall of gold brackets by depth"),
}
REFERENCES = ("right", "balanced", "random-levels-token", "random-levels-gap")


def write_plots(plan: Plan, folder: Path, rows: list[Row], labels: list[str]) -> None:
    """Draw learning_curves, f1_against_perplexity, and heat maps by label, length and depth.

    Raises ImportError without matplotlib.
    """
    from onlstm_parse.display.plots import f1_against_perplexity, heat_map, learning_curves

    done = [row for row in rows if row.runs]
    layer = plan.settings.model.tree_layer
    perplexity = (
        "test" if all("test_perplexity" in row.figures for row in done if not row.trivial) else "valid"
    )
    points = {
        _marked(row): (
            row.figures[f"{perplexity}_perplexity"],
            {rule: row.figures[f"f1 {layer} {rule}"] for rule in SPLITTERS},
        )
        for row in done
        if not row.trivial
    }
    references = {
        row.name: next(row.figures[key] for key in row.figures if key.startswith(f"f1 {layer} ")).mean
        for row in done
        if row.trivial and row.name in REFERENCES
    }
    kind = {"test": "test", "valid": "validation"}[perplexity] + " perplexity"
    for objective, likelihood in LIKELIHOODS.items():
        if likelihood.mark and any(row.objective == objective for row in done):
            kind += f", of {likelihood.mark} {likelihood.perplexity}"
    pictures = {
        "learning_curves": learning_curves(_curves(plan, folder, rows)),
        "f1_against_perplexity": f1_against_perplexity(
            points, references, kind, f"sentence F1, {plan.protocol}, layer {layer}"
        ),
        "label_recall": heat_map(
            _lines(done, "recall", labels), labels, f"recall of gold brackets, layer {layer}"
        ),
    }
    for picture, (name, title) in BY_GROUP.items():
        groups = _groups(done, name)
        if groups:  # comparisons of older versions have none
            pictures[picture] = heat_map(_lines(done, name, groups), groups, f"{title}, layer {layer}")
    for name, figure in pictures.items():
        save_picture(figure, folder / name)


def _groups(rows: list[Row], name: str) -> list[str]:
    """The groups that any system has figures `name` for."""
    keys = (key for row in rows for key in row.figures if key.startswith(f"{name} "))
    return list(dict.fromkeys(key.split(" ", 2)[2] for key in keys))


def _lines(rows: list[Row], name: str, groups: list[str]) -> dict[str, list[float | None]]:
    """One line for each system and rule; one line for a parser without rules."""
    found: dict[str, list[float | None]] = {}
    for rule in SPLITTERS:
        for row in rows:
            keys = [f"{name} {rule} {group}" for group in groups]
            if any(key in row.figures for key in keys):
                system = row.name if row.trivial else f"{row.name}, {rule}"
                found[system] = [row.figures[key].mean if key in row.figures else None for key in keys]
    return dict(sorted(found.items(), key=lambda line: line[0] in _trivial_names(rows)))


def _trivial_names(rows: list[Row]) -> set[str]:
    return {row.name for row in rows if row.trivial}


def _marked(row: Row) -> str:
    return f"{row.name} {row.mark}".strip()


def _curves(plan: Plan, folder: Path, rows: list[Row]) -> dict[str, list[list[tuple[int, float]]]]:
    """For each model one line a seed: (tokens seen, validation perplexity)."""
    names = {row.name: _marked(row) for row in rows}
    curves: dict[str, list[list[tuple[int, float]]]] = {}
    for job in plan.jobs():
        reports = read_metrics(runs_folder(folder) / job.name)
        points = [(one["tokens"], one["valid_perplexity"]) for one in reports if one["valid_perplexity"]]
        if points:
            curves.setdefault(names[job.model], []).append(points)
    return curves


def save_picture(figure: Figure, path: Path) -> None:
    """Write path.svg and path.png; the same figure gives the same SVG."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": path.name, "svg.fonttype": "none"}):
        for kind in ("svg", "png"):
            with written_whole(path.with_suffix(f".{kind}"), "wb") as file:
                metadata = {"Date": None} if kind == "svg" else None
                figure.savefig(file, format=kind, dpi=150, bbox_inches="tight", metadata=metadata)
