"""A score beside the trivial parsers', as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

LABELS = 12  # the most frequent are shown; JSON has all


def score_table(report: dict[str, Any], system: str = "predicted") -> str:
    """The table of what `score --json` and `evaluate --json` print; `system` names the first row."""
    parts = [
        [f"{report['protocol']}, {report['sentences']:,} sentences"],
        _columns(_systems(report, system)),
        _remarks(report),
        _columns(_lengths(report["by_length"])),
        _columns(_labels(report["by_label"])),
        [report["signature"]],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _systems(report: dict[str, Any], system: str) -> list[Sequence[str]]:
    keys = ("sentence_precision", "sentence_recall", "corpus_f1")
    figures = [_figure(report["sentence_f1"]), "", *(_figure(report[key]) for key in keys)]
    rows: list[Sequence[str]] = [("", "sentence F1", "sd", "precision", "recall", "corpus F1")]
    rows.append((system, *figures))
    for name, value in report.get("baselines", {}).items():
        drawn = isinstance(value, dict)
        rows.append((name, *map(_figure, (value["mean"], value["sd"]) if drawn else (value,))))
    return rows


def _remarks(report: dict[str, Any]) -> list[str]:
    low, high = report["confidence_95"]
    remarks = [f"95 % interval of the sentence F1: {low:.2f} to {high:.2f}"]
    if (share := report.get("complete_match")) is not None:
        remarks.append(f"sentences with exactly the gold brackets: {share:.2f} %")
    if (crossing := report.get("average_crossing")) is not None:
        remarks.append(f"crossing brackets a sentence: {crossing:.2f}")
    if unscored := report.get("unscored"):
        remarks.append(f"sentences that the protocol leaves out: {unscored:,}")
    if rules := report.get("by_rule"):
        figures = ", ".join(f"{_figure(f1)} by the {rule} rule" for rule, f1 in rules.items())
        remarks.append(f"sentence F1 of these levels: {figures}")
    if (perplexity := report.get("perplexity")) is not None:
        masked = report.get("objective") == "masked"
        name = "pseudo-perplexity (of hidden words, both sides seen)" if masked else "perplexity"
        remarks.append(f"{name}: {perplexity:.2f}")
    return remarks


def _lengths(groups: dict[str, dict[str, Any]]) -> list[Sequence[str]]:
    return [
        ("words", *groups),
        ("sentences", *(f"{group['sentences']:,}" for group in groups.values())),
        ("sentence F1", *(_figure(group["sentence_f1"]) for group in groups.values())),
    ]


def _labels(labels: dict[str, dict[str, Any]]) -> list[Sequence[str]]:
    rows = [(label or "(none)", _figure(row["recall"]), f"{row['count']:,}") for label, row in labels.items()]
    return [("label", "recall", "brackets"), *rows[:LABELS]]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _columns(rows: list[Sequence[str]]) -> list[str]:
    """Aligned, the first column to the left and the others to the right; rows may be short."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    ]
