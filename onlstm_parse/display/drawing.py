"""A tree above its words, and the curve of their levels, as shapes; `svg` and `figure` draw them.

Coordinates are pixels, y downwards. A shape has a role: branch, curve, dot, guide, word, title, tick or sure.
The drawing program or a style sheet chooses the look of each role.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from onlstm_parse.tree import Tree

MARGIN, ROW, UNIT = 16, 20, 8  # around all, between depths, a narrow character
LEFT = 36  # for the ticks
TITLE, WORDS, CURVE = 26, 30, 70  # heights
GAP = 18  # between panels
CERTAIN = 0.995  # a confidence from here on is not written
TICKS = 20  # to 1; the curve's axis begins and ends at one

Point = tuple[float, float]


class Line(NamedTuple):
    points: list[Point]
    role: str


class Label(NamedTuple):
    x: float
    y: float
    text: str
    role: str


class Dot(NamedTuple):
    x: float
    y: float
    hint: str


@dataclass
class Drawing:
    """Shapes and the room they take."""

    width: float
    height: float
    lines: list[Line] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)


def panel(tree: Tree, title: str = "") -> Drawing:
    """The tree, its words and, if it has levels, their curve. The curve breaks at words without a level."""
    words = tree.leaves()
    centres, right = [], float(LEFT)
    for word in words:
        width = text_width(word) + 2 * UNIT
        centres.append(right + width / 2)
        right += width
    top = MARGIN + TITLE * bool(title)
    nodes, depth = place(tree, centres, top, ROW)
    base = top + ROW * depth
    height = base + WORDS + (CURVE + MARGIN) * bool(tree.levels)
    drawing = Drawing(max(right, LEFT + text_width(title)) + MARGIN, height)
    if title:
        drawing.labels.append(Label(LEFT, MARGIN + 8, title, "title"))
    drawing.lines += [  # right angles: slanting branches of flat trees would cross other nodes
        Line([(x, y), (below, y), (below, lower)], "branch")
        for x, y, children in nodes
        for below, lower in children
    ]
    drawing.labels += [Label(x, base + 16, word, "word") for x, word in zip(centres, words, strict=True)]
    confidences = (child.confidence for child in tree.postorder() if isinstance(child, Tree))
    drawing.labels += [
        Label(x + 3, y - 3, f"{100 * sure:.0f} %", "sure")
        for (x, y, _), sure in zip(nodes, confidences, strict=True)
        if sure is not None and sure < CERTAIN
    ]
    if tree.levels:
        _add_curve(drawing, list(zip(centres, words, tree.levels, strict=True)), base + WORDS, right)
    return drawing


def _add_curve(
    drawing: Drawing, words: list[tuple[float, str, float | None]], top: float, right: float
) -> None:
    low, high = _axis([level for _, _, level in words if level is not None])

    def y(level: float) -> float:
        return top + CURVE * (high - level) / (high - low)

    for tick in (low, (low + high) / 2, high):
        drawing.lines.append(Line([(LEFT, y(tick)), (right, y(tick))], "guide"))
        drawing.labels.append(Label(LEFT - 4, y(tick) + 3, f"{tick:.3g}", "tick"))
    for known, group in groupby(words, key=lambda word: word[2] is not None):
        if known:
            dots = [Dot(x, y(level), f"{word}: {level:.4f}") for x, word, level in group if level is not None]
            drawing.lines.append(Line([(dot.x, dot.y) for dot in dots], "curve"))
            drawing.dots += dots


def _axis(levels: list[float]) -> tuple[float, float]:
    """The ticks around the levels. Only their order makes the tree, and many levels are close together."""
    low = min(math.floor(min(levels, default=0) * TICKS), TICKS - 1)
    high = max(math.ceil(max(levels, default=1) * TICKS), low + 1)
    return low / TICKS, high / TICKS


def tiled(rows: Sequence[Sequence[Drawing]]) -> Drawing:
    """Put rows of drawings below each other, and the drawings of a row side by side."""
    whole = Drawing(0, 0)
    for row in rows:
        across = 0.0
        for one in row:
            _add(whole, one, across, whole.height)
            across += one.width + GAP
        whole.width = max(whole.width, across - GAP)
        whole.height += max(one.height for one in row) + GAP
    return whole


def _add(whole: Drawing, one: Drawing, across: float, down: float) -> None:
    for points, role in one.lines:
        whole.lines.append(Line([(x + across, y + down) for x, y in points], role))
    whole.labels += [label._replace(x=label.x + across, y=label.y + down) for label in one.labels]
    whole.dots += [dot._replace(x=dot.x + across, y=dot.y + down) for dot in one.dots]


def place(
    tree: Tree, centres: list[float], margin: float, row: float
) -> tuple[list[tuple[float, float, list[tuple[float, float]]]], int]:
    """The point of each node and of its children, with leaves lowest; and the height of the tree in rows."""
    column = iter(centres)
    nodes: list[tuple[float, int, list[tuple[float, int]]]] = []

    def node(_: Tree, children: list[tuple[float, int]]) -> tuple[float, int]:
        middle = sum(x for x, _ in children) / len(children) if children else float(margin)
        height = 1 + max((h for _, h in children), default=0)
        nodes.append((middle, height, children))
        return middle, height

    _, top = tree.fold(lambda _: (next(column), 0), node)

    def y(height: int) -> float:
        return margin + row * (top - height)

    return [(x, y(h), [(x2, y(h2)) for x2, h2 in children]) for x, h, children in nodes], top


def text_width(word: str) -> int:
    """The width in pixels, roughly."""
    return sum(UNIT * (2 if unicodedata.east_asian_width(c) in "WF" else 1) for c in word)
