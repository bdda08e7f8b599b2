"""Drawings as SVG."""

from __future__ import annotations

from html import escape

from onlstm_parse.display.drawing import Drawing, panel
from onlstm_parse.tree import Tree

STYLE = """text{font:13px system-ui,sans-serif;fill:currentColor;text-anchor:middle}
.title{font-weight:600;text-anchor:start}.tick{font-size:9px;text-anchor:end;opacity:.6}
.sure{font-size:9px;text-anchor:start;opacity:.6}
polyline{fill:none;stroke:currentColor}.branch{opacity:.6;stroke-width:1.2;stroke-linejoin:round}.guide{opacity:.15}
.curve{stroke:#3b82c4;stroke-width:1.6}circle{fill:#3b82c4}"""
# It follows the reader's choice of dark or light.
STYLE += "svg{color:#222}@media(prefers-color-scheme:dark){svg{color:#ddd}}"


def svg(tree: Tree) -> str:
    """The tree above its words, and the curve of their levels."""
    return to_svg(panel(tree))


def to_svg(drawing: Drawing) -> str:
    """One line of self-contained SVG."""
    parts = [f"<style>{' '.join(STYLE.split())}</style>"]
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
