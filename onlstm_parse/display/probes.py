"""What probes find, as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onlstm_parse.display.tables import plain_table
from onlstm_parse.models.likelihoods import LIKELIHOODS

HEADER = ("pairs", "accuracy", "95 % interval", "unigram")


def syntax_table(report: dict[str, Any], system: str = "run") -> str:
    """The tables of what `probe syntax --json` prints; `system` names the run."""
    by = LIKELIHOODS[report["objective"]].probability
    parts = [
        f"{system}: how often the grammatical sentence of a pair is the likelier one, in % (by {by})",
        plain_table(
            [
                ("phenomenon", *HEADER, "unknown pairs", "accuracy"),
                *((name, *_cells(group)) for name, group in report["by_phenomenon"].items()),
                *([("all", *_cells(report))] if len(report["by_phenomenon"]) > 1 else []),
            ]
        ),
    ]
    if report["published"]:
        rows = [
            (row["row"], *_cells(row)[:4], f"{row['on_lstm']}", f"{row['lstm']}")
            for row in report["published"]
        ]
        header = (report["published_source"], *HEADER, "their ON-LSTM", "their LSTM")
        parts.append(plain_table([header, *rows]))
    parts.append(
        "Unknown pairs have a word outside the vocabulary; the columns before leave them out. Unigram:\n"
        "the sentence with the more frequent words. A tie counts a half. Intervals are Wilson's."
    )
    return "\n\n".join(parts)


def _cells(group: dict[str, Any]) -> Sequence[str]:
    unknown = group["unknown"]
    interval = "-"
    if group["confidence_95"]:
        interval = "{:.1f} to {:.1f}".format(*group["confidence_95"])
    return (
        f"{group['pairs']:,}",
        _percent(group["accuracy"]),
        interval,
        _percent(group["unigram"]),
        f"{unknown['pairs']:,}",
        _percent(unknown["accuracy"]),
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
