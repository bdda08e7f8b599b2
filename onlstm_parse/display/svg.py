"""A tree over its words, with the levels as bars below: one self-contained SVG on one line."""

from __future__ import annotations

import unicodedata
from html import escape

from onlstm_parse.tree import Tree

ROW = 28  # pixels between depths
UNIT = 8  # pixels of a narrow character
MARGIN = 16
BARS = 60  # pixels of a level of 1


def svg(tree: Tree) -> str:
    words = tree.leaves()
    widths = [text_width(word) + 2 * UNIT for word in words]
    centres, right = [], MARGIN
    for width in widths:
        centres.append(right + width / 2)
        right += width
    nodes, height = place(tree, centres, MARGIN, ROW)
    base = MARGIN + ROW * height
    parts = [
        f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="#888"/>'
        for x, y, children in nodes
        for x2, y2 in children
    ]
    for word, centre, level in zip(words, centres, tree.levels or [None] * len(words), strict=True):
        parts.append(f'<text x="{centre:.0f}" y="{base + 14}" text-anchor="middle">{escape(word)}</text>')
        if level is not None:
            tall = level * BARS
            parts.append(
                f'<rect x="{centre - 6:.0f}" y="{base + 24 + BARS - tall:.1f}" width="12" '
                f'height="{tall:.1f}" fill="#4a7ab5"><title>{level:.4f}</title></rect>'
            )
    size = f'width="{right + MARGIN:.0f}" height="{base + BARS + 24 + MARGIN}"'
    style = 'font-family="sans-serif" font-size="13"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def place(
    tree: Tree, centres: list[float], margin: float, row: float
) -> tuple[list[tuple[float, float, list[tuple[float, float]]]], int]:
    """Each node's point and its children's points, leaves lowest; and the tree's height in rows."""
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
    """Pixels, roughly."""
    return sum(UNIT * (2 if unicodedata.east_asian_width(c) in "WF" else 1) for c in word)
