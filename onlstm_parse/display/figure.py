"""Draw with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onlstm_parse.display.drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT_SIZES = {"word": 13, "title": 13, "tick": 9, "sure": 9}
# The first installed font that has a character is used for it.
FONTS = (
    *("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans SC", "Source Han Sans SC"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei"),
    *("SimHei", "Droid Sans Fallback", "Arial Unicode MS"),
)


def to_figure(drawing: Drawing) -> Figure:
    """The drawing as a matplotlib figure. Raises ImportError if matplotlib is not installed."""
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
    sides = {"word": "center", "title": "left", "tick": "right", "sure": "left"}
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
