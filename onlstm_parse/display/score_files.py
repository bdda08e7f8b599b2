"""Scores for other programs: comma-separated values, a LaTeX table, a plot."""

from __future__ import annotations

import csv as comma_separated
from collections.abc import Iterator, Sequence
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onlstm_parse.display.scores import baseline_rows, figure
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import written_whole
from onlstm_parse.scoring.signature import with_trees

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("signature", "system", "measure", "group", "value", "count")
LATEX_LABELS = 8
PLOTTED_LABELS = 15
PLOTTED_PARSERS = {"ceiling": "v", "right": ">", "balanced": "D", "random": "o", "left": "<"}  # and marks
PLOT_ENDINGS = (".png", ".pdf", ".svg")
_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
_LATEX |= {"^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$"}


def csv(reports: Sequence[dict[str, Any]], system: str = "predicted") -> str:
    """One figure a line, after a header: signature, system, measure, group, value, count."""
    text = StringIO()
    writer = comma_separated.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for report in reports:
        for signature, name, measure, group, value, count in _figures(report, system):
            shown = "" if value is None else f"{value:.6g}" if isinstance(value, float) else value
            writer.writerow([signature, name, measure, group, shown, count])
    return text.getvalue().removesuffix("\n")


def frame(reports: Sequence[dict[str, Any]], system: str = "predicted") -> pd.DataFrame:
    """The same as a data frame. Raises UsageError without pandas."""
    try:
        import pandas as pd
    except ImportError:
        raise UsageError("pandas is not installed", remedy="pip install pandas") from None
    rows = [row for report in reports for row in _figures(report, system)]
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS))


def _figures(report: dict[str, Any], system: str) -> Iterator[tuple[str, str, str, str, Any, Any]]:
    signature, n = report["signature"], report["sentences"]
    if not n:
        yield signature, system, "sentence_f1", "all", None, 0
        return
    simple = "sentence_f1 sentence_precision sentence_recall corpus_f1 corpus_precision corpus_recall"
    for measure in (*simple.split(), "complete_match", "average_crossing", "perplexity"):
        if report.get(measure) is not None:
            yield signature, system, measure, "all", report[measure], n
    for end, value in zip(("low", "high"), report["confidence_95"] or (), strict=False):
        yield signature, system, f"confidence_95_{end}", "all", value, n
    for group, row in report["by_length"].items():
        yield signature, system, "sentence_f1", f"words {group}", row["sentence_f1"], row["sentences"]
    for group, row in report["by_width"].items():
        yield signature, system, "f1", f"width {group}", row["f1"], row["gold"]
    for group, row in report["by_depth"].items():
        yield signature, system, "recall", f"depth {group}", row["recall"], row["count"]
    for group, row in report["by_label"].items():
        yield signature, system, "recall", f"label {group}", row["recall"], row["count"]
    for side, shape in report["shape"].items():
        for measure, value in shape.items():
            yield signature, system if side == "predicted" else side, measure, "all", value, n
    for name, (mean, sd, corpus) in baseline_rows(report):
        own = with_trees(signature, name)
        figures = {"sentence_f1": mean, "sentence_f1_sd": sd, "corpus_f1": corpus}
        for measure, value in figures.items():
            if value is not None:
                yield own, name, measure, "all", value, n
        for group, value in report["baselines_by_length"][name].items():
            yield own, name, "sentence_f1", f"words {group}", value, report["by_length"][group]["sentences"]


def latex(reports: Sequence[dict[str, Any]], system: str = "predicted") -> str:
    """A `booktabs` table of systems and one of label recall for each report; signatures are comments."""
    return "\n\n".join(_latex(report, system) for report in reports)


def _latex(report: dict[str, Any], system: str) -> str:
    if not report["sentences"]:
        return f"% {report['signature']}\n% nothing to score"
    systems = [[_escaped(system), *(figure(report[key]) for key in ("sentence_f1", "corpus_f1"))]]
    for name, (mean, sd, corpus) in baseline_rows(report):
        spread = "" if sd is None else f" $\\pm$ {figure(sd)}"
        systems.append([_escaped(name), figure(mean) + spread, figure(corpus)])
    labels = list(report["by_label"].items())[:LATEX_LABELS]
    recalls = [
        [_escaped(label or "(none)"), figure(row["recall"]), f"{row['count']:,}"] for label, row in labels
    ]
    return "\n".join(
        [
            f"% {report['signature']}",
            *_tabular([_escaped(report["protocol"]), "sentence F1", "corpus F1"], systems),
            "",
            *_tabular(["label", "recall", "brackets"], recalls),
        ]
    )


def _tabular(head: list[str], rows: list[list[str]]) -> list[str]:
    body = [f"{' & '.join(row)} \\\\" for row in rows]
    head_row = f"{' & '.join(head)} \\\\"
    columns = "l" + "r" * (len(head) - 1)
    return [
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        head_row,
        "\\midrule",
        *body,
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def expect_plottable(path: str | PathLike[str]) -> None:
    """Raises UsageError for an ending not in PLOT_ENDINGS, OnlstmError if matplotlib is missing."""
    if Path(path).suffix.lower() not in PLOT_ENDINGS:
        raise UsageError(f"expected a file ending in {', '.join(PLOT_ENDINGS)}, found {str(path)!r}")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        remedy = "pip install 'onlstm-parse[plot]'"
        raise OnlstmError("plots need matplotlib, which is not installed", remedy=remedy) from None


def plot(report: dict[str, Any], path: str | PathLike[str], system: str = "predicted") -> None:
    """Draw F1 by length, with trivial parsers, and recall by depth and label into a PNG, PDF or SVG file.

    Raises what `expect_plottable` raises, and OnlstmError if writing fails.
    """
    expect_plottable(path)
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(12, 3.6), layout="constrained")
    lengths, depths, labels = drawing.subplots(1, 3)
    groups = {name: row for name, row in report["by_length"].items() if row["sentence_f1"] is not None}
    lengths.bar(list(groups), [row["sentence_f1"] for row in groups.values()], color="#c6d4e8", label=system)
    for name, mark in PLOTTED_PARSERS.items():
        f1s = report["baselines_by_length"][name]
        lengths.plot(list(groups), [f1s[group] for group in groups], f"{mark}:", markersize=4, label=name)
    lengths.legend(fontsize=7, frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    lengths.set(xlabel="words", ylabel="sentence F1", ylim=(0, 100))
    recalls = {name: row["recall"] for name, row in report["by_depth"].items() if row["count"]}
    depths.bar(list(recalls), list(recalls.values()), color="#c6d4e8")
    depths.set(xlabel="depth of gold brackets", ylabel="recall", ylim=(0, 100))
    rows = list(report["by_label"].items())[:PLOTTED_LABELS][::-1]
    names = [f"{label or '(none)'}, {row['count']:,}" for label, row in rows]
    labels.barh(names, [row["recall"] for _, row in rows])
    labels.set(xlabel="recall", ylabel="gold label, brackets", xlim=(0, 100))
    labels.tick_params(axis="y", labelsize=7)
    drawing.supxlabel(report["signature"], fontsize=5)
    with written_whole(path, "wb") as file:
        drawing.savefig(file, format=Path(path).suffix[1:].lower(), dpi=150)
