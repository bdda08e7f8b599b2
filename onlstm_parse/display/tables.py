"""Rows of text as a table: Markdown, or plain columns for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from tabulate import tabulate

Rows = Sequence[Sequence[str]]


def markdown_table(header: Sequence[str], rows: Rows) -> str:
    """The first column is left-aligned, the others right-aligned.

    >>> print(markdown_table(["system", "F1"], [["left", "8.6"], ["a|b", "39.9"]]))
    | system   |   F1 |
    |:---------|-----:|
    | left     |  8.6 |
    | a\\|b     | 39.9 |
    """
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    return _aligned(escaped[1:], "pipe", "right", headers=escaped[0])


def mean_and_sd(values: Sequence[float], decimals: int = 2) -> str:
    """A single value has no sd.

    >>> mean_and_sd([50.0, 52.0])
    '51.00 ± 1.41'
    """
    mean = f"{fmean(values):.{decimals}f}"
    return f"{mean} ± {stdev(values):.{decimals}f}" if len(values) > 1 else mean


def plain_table(rows: Rows, others: str = "right") -> str:
    """The first column is left-aligned, the `others` as named. Rows may be short."""
    lines = _aligned(rows, "plain", others).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _aligned(rows: Rows, format: str, others: str, headers: Sequence[str] = ()) -> str:
    columns = max(map(len, [headers, *rows]))
    alignment = ["left", *[others] * (columns - 1)]
    return tabulate(rows, headers, format, colalign=alignment if rows else None, disable_numparse=True)
