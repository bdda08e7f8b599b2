"""A score beside the trivial parsers', as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

LABELS = 12  # the most frequent are shown, the others left to JSON


def score_table(report: dict[str, Any], system: str = "predicted") -> str:
    """The table of what `score --json` and `evaluate --json` print; `system` names the first row."""
    low, high = report["confidence_95"]
    parts = [
        [f"{report['protocol']}, {report['sentences']:,} sentences"],
        _columns(
            [
                ("", "sentence F1", "precision", "recall", "corpus F1"),
                (
                    system,
                    *_figures(report, "sentence_f1", "sentence_precision", "sentence_recall", "corpus_f1"),
                ),
                *((name, _baseline(value)) for name, value in report.get("baselines", {}).items()),
            ]
        ),
        [f"95 % interval of the sentence F1: {low:.2f} to {high:.2f}"],
        _columns(
            [
                ("words", *report["by_length"]),
                ("sentences", *(f"{group['sentences']:,}" for group in report["by_length"].values())),
                ("sentence F1", *(_figure(group["sentence_f1"]) for group in report["by_length"].values())),
            ]
        ),
        _columns(
            [
                ("label", "recall", "brackets"),
                *(
                    (label or "(none)", _figure(row["recall"]), f"{row['count']:,}")
                    for label, row in list(report["by_label"].items())[:LABELS]
                ),
            ]
        ),
    ]
    if report.get("complete_match") is not None:
        parts[2].append(f"sentences with exactly the gold brackets: {report['complete_match']:.2f} %")
    if report.get("average_crossing") is not None:
        parts[2].append(f"crossing brackets a sentence: {report['average_crossing']:.2f}")
    if report.get("perplexity") is not None:
        parts[2].append(f"perplexity: {report['perplexity']:.2f}")
    parts.append([report["signature"]])
    return "\n\n".join("\n".join(part) for part in parts)


def _figures(report: dict[str, Any], *keys: str) -> list[str]:
    return [_figure(report[key]) for key in keys]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _baseline(value: float | dict[str, float]) -> str:
    return f"{value['mean']:.2f} ± {value['sd']:.2f}" if isinstance(value, dict) else _figure(value)


def _columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right; figures line up at their point."""
    rows = [_apart(row) for row in rows]
    columns = max(map(len, rows))
    rows = [(*row, *[("", "")] * (columns - len(row))) for row in rows]
    widths = [[max(len(row[k][part]) for row in rows) for part in (0, 1)] for k in range(columns)]
    return [
        "  ".join(
            f"{figure:<{width}}{sd:<{rest}}" if k == 0 else f"{figure:>{width}}{sd:<{rest}}"
            for k, ((figure, sd), (width, rest)) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _apart(row: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each cell as figure and deviation."""
    return tuple((figure, f" ±{sd}" if sign else "") for figure, sign, sd in (c.partition(" ±") for c in row))
