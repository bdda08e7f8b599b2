"""Plots that compare several systems. Needs matplotlib, the extra `plot`, but no display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

# Okabe and Ito's colours, which people with any colour vision can distinguish; then again with dashes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31")
STYLES = list(product(("-", "--", ":"), COLOURS))
MARKERS = {"token": "o", "gap": "s"}
Value = Any  # a mean and a standard deviation or None


def learning_curves(curves: Mapping[str, Sequence[Sequence[tuple[int, float]]]]) -> Figure:
    """For each model, one line a seed of (tokens seen, validation perplexity)."""
    axes = _axes(8, 5)
    ordered = sorted(curves.items(), key=lambda item: min(p for line in item[1] for _, p in line))
    styles = dict(zip(curves, cycle(STYLES), strict=False))
    for model, lines in ordered:
        dashes, colour = styles[model]
        for number, line in enumerate(lines):
            tokens, perplexities = zip(*line, strict=True)
            label = model if number == 0 else None
            millions = [count / 1e6 for count in tokens]
            axes.plot(
                millions,
                perplexities,
                dashes,
                color=colour,
                label=label,
                linewidth=1.6,
                marker=".",
                markersize=4,
            )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter("{x:,.0f}")
    axes.tick_params(which="minor", labelsize=7)
    axes.set_xlabel("million tokens seen")
    axes.set_ylabel("validation perplexity")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), title="best first")
    return axes.figure  # type: ignore[return-value]


def accuracy_by_operators(
    curves: Mapping[str, Sequence[tuple[int, float, float, float]]],
    reference: Sequence[tuple[int, float]],
    trained: int,
) -> Figure:
    """For each model a line of (operators, accuracy, the ends of its interval), in percent.

    `reference` is the accuracy of one constant answer. Training had up to
    `trained` operators.
    """
    axes = _axes(8, 5)
    for (model, points), (dashes, colour) in zip(curves.items(), cycle(STYLES), strict=False):
        sizes, heights, low, high = zip(*points, strict=True)
        axes.fill_between(sizes, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(sizes, heights, dashes, color=colour, label=model, linewidth=1.6, marker=".")
    axes.plot(*zip(*reference, strict=True), ":", color="#999999", label="most frequent relation")
    axes.axvline(trained + 0.5, color="#999999", linewidth=0.8)
    axes.annotate(
        "longer than in training →", (trained + 0.6, 1.01), xycoords=("data", "axes fraction"), fontsize=8
    )
    axes.set_xlabel("operators of the longer formula")
    axes.set_ylabel("accuracy, %")
    axes.legend(frameon=False, loc="lower left")
    return axes.figure  # type: ignore[return-value]


def f1_against_perplexity(
    points: Mapping[str, tuple[Value, Mapping[str, Value]]],
    references: Mapping[str, float],
    perplexity: str,
    f1: str,
) -> Figure:
    """For each model its perplexity and its F1 by rule. `references` are horizontal lines."""
    axes = _axes(8, 5.5)
    for (_, (x, by_rule)), (_, colour) in zip(points.items(), cycle(STYLES), strict=False):
        heights = [y.mean for y in by_rule.values()]
        axes.plot([x.mean] * len(heights), heights, color=colour, linewidth=1, alpha=0.5)
        for rule, y in by_rule.items():
            fill = colour if rule == "token" else "white"
            axes.errorbar(
                *(x.mean, y.mean, y.sd, x.sd),
                fmt=MARKERS.get(rule, "^"),
                color=colour,
                ecolor=(colour, 0.4),
                elinewidth=0.9,
                markerfacecolor=fill,
            )
    for rule in next(iter(points.values()))[1]:
        fill = "#555555" if rule == "token" else "white"
        axes.plot([], [], MARKERS.get(rule, "^"), color="#555555", markerfacecolor=fill, label=f"{rule} rule")
    for height in references.values():
        axes.axhline(height, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
    axes.margins(0.12)
    axes.set_xlabel(f"{perplexity} (lower is better)")
    axes.set_ylabel(f1)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    _name_references(axes, references)
    _name_points(axes, {name: (x.mean, max(y.mean for y in ys.values())) for name, (x, ys) in points.items()})
    return axes.figure  # type: ignore[return-value]


def _name_references(axes: Axes, references: Mapping[str, float]) -> None:
    """Write names at the right ends of lines; names of close lines move up."""
    low, high = axes.get_ylim()
    last = low
    for name, height in sorted(references.items(), key=lambda item: item[1]):
        last = max(height, last + 0.03 * (high - low))
        place: Any = (1.01, last)
        across: Any = ("axes fraction", "data")
        axes.annotate(name, place, xycoords=across, va="center", fontsize=8, color="#777777")


def _name_points(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write names above points; a name that would cover an earlier one moves up."""
    taken: list[tuple[float, float, float]] = []  # left, right, bottom; in pixels
    styles = dict(zip(points, cycle(STYLES), strict=False))
    for name, point in sorted(points.items(), key=lambda item: item[1][1]):
        x, y = axes.transData.transform(point)
        half, bottom = 3.4 * len(name) + 2, y + 9
        for left, right, other in sorted(taken, key=lambda box: box[2]):
            if left < x + half and x - half < right and abs(other - bottom) < 12:
                bottom = other + 12
        taken.append((x - half, x + half, bottom))
        offset = (0, (bottom - y) * 72 / 100)  # points, at the figure's own 100 pixels an inch
        axes.annotate(
            *(name, point, offset),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=styles[name][1],
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def heat_map(lines: Mapping[str, Sequence[float | None]], columns: Sequence[str], title: str) -> Figure:
    """Percentages by system and column; a cell without a value is empty."""
    axes = _axes(1.5 + 0.7 * len(columns), 1.2 + 0.32 * len(lines), grid=False)
    values = [[float("nan") if value is None else value for value in line] for line in lines.values()]
    axes.imshow(values, cmap="YlGnBu", vmin=0, vmax=100, aspect="auto")
    for row, line in enumerate(lines.values()):
        for column, value in enumerate(line):
            if value is not None:
                ink = "white" if value > 55 else "#222222"
                axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=8)
    axes.set_xticks(range(len(columns)), [column or "(none)" for column in columns])
    axes.set_yticks(range(len(lines)), list(lines))
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set_title(title, fontsize=10, pad=24)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes.figure  # type: ignore[return-value]


def _axes(width: float, height: float, grid: bool = True) -> Axes:
    """The axes of a figure without a window."""
    axes = Figure(figsize=(width, height)).add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if grid:
        axes.grid(color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
    return axes
