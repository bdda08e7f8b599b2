"""A tree over its words over the curve of their levels, as shapes; painted as SVG or by matplotlib.

Coordinates are pixels, y downwards. Roles name what a shape is, so that a painter or a style sheet
chooses its look: branch, curve, dot, guide, word, title, tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from onlstm_parse.display.svg import place, text_width
from onlstm_parse.tree import Tree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGIN, ROW, UNIT = 16, 20, 8  # around all, between depths, a narrow character
LEFT = 36  # for the ticks
TITLE, WORDS, CURVE = 26, 30, 70  # heights
GAP = 18  # between panels
FONT_SIZES = {"word": 13, "title": 13, "tick": 9}

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
    """The tree, its words and, where it has levels, their curve; breaks in it are words without a level."""
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
    drawing.lines += [  # elbows: slanting branches of flat trees would cross other nodes
        Line([(x, y), (below, y), (below, lower)], "branch")
        for x, y, children in nodes
        for below, lower in children
    ]
    drawing.labels += [Label(x, base + 16, word, "word") for x, word in zip(centres, words, strict=True)]
    if tree.levels:
        _add_curve(drawing, list(zip(centres, words, tree.levels, strict=True)), base + WORDS, right)
    return drawing


def _add_curve(
    drawing: Drawing, words: list[tuple[float, str, float | None]], top: float, right: float
) -> None:
    for level in (0, 0.5, 1):
        y = top + CURVE * (1 - level)
        drawing.lines.append(Line([(LEFT, y), (right, y)], "guide"))
        drawing.labels.append(Label(LEFT - 4, y + 3, f"{level:g}", "tick"))
    for known, group in groupby(words, key=lambda word: word[2] is not None):
        if known:
            dots = [
                Dot(x, top + CURVE * (1 - level), f"{word}: {level:.4f}")
                for x, word, level in group
                if level is not None
            ]
            drawing.lines.append(Line([(dot.x, dot.y) for dot in dots], "curve"))
            drawing.dots += dots


def tiled(rows: Sequence[Sequence[Drawing]]) -> Drawing:
    """Rows of drawings below each other, those of a row side by side."""
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


STYLE = """text{font:13px system-ui,sans-serif;fill:currentColor;text-anchor:middle}
.title{font-weight:600;text-anchor:start}.tick{font-size:9px;text-anchor:end;opacity:.6}
polyline{fill:none;stroke:currentColor}.branch{opacity:.6;stroke-width:1.2;stroke-linejoin:round}.guide{opacity:.15}
.curve{stroke:#3b82c4;stroke-width:1.6}circle{fill:#3b82c4}"""


def to_svg(drawing: Drawing, style: str = STYLE) -> str:
    """One self-contained line of SVG; `style` is CSS, empty where a page brings its own."""
    parts = [f"<style>{' '.join(style.split())}</style>" if style else ""]
    for line in drawing.lines:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
        parts.append(f'<polyline class="{line.role}" points="{points}"/>')
    for dot in drawing.dots:
        hint = escape(dot.hint)
        parts.append(f'<circle cx="{dot.x:.1f}" cy="{dot.y:.1f}" r="3"><title>{hint}</title></circle>')
    for x, y, text, role in drawing.labels:
        parts.append(f'<text class="{role}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>')
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    box = f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>{"".join(parts)}</svg>'


# Drawn with whichever of them there is, glyph by glyph.
FONTS = (
    *("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans SC", "Source Han Sans SC"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei"),
    *("SimHei", "Droid Sans Fallback", "Arial Unicode MS"),
)


def to_figure(drawing: Drawing) -> Figure:
    """The same painted by matplotlib; raises ImportError where it is not installed."""
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    installed = set(font_manager.get_font_names())
    fonts = [name for name in FONTS if name in installed]
    figure = Figure(figsize=(drawing.width / 72, drawing.height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.set_axis_off()
    looks = {"branch": ("#777777", 1.1), "guide": ("#dddddd", 0.6), "curve": ("#3b82c4", 1.5)}
    for line in drawing.lines:
        colour, width = looks[line.role]
        axes.plot(*zip(*line.points, strict=True), color=colour, linewidth=width)
    axes.plot([dot.x for dot in drawing.dots], [dot.y for dot in drawing.dots], "o", color="#3b82c4", ms=4)
    sides = {"word": "center", "title": "left", "tick": "right"}
    for x, y, text, role in drawing.labels:
        weight = "bold" if role == "title" else "normal"
        axes.text(
            *(x, y, text),
            ha=sides[role],
            family=fonts,
            fontsize=FONT_SIZES[role],
            weight=weight,
            parse_math=False,
        )
    return figure
