"""Trees of sentences, one for each layer and rule, on an HTML page, as SVG or as PNG."""

from __future__ import annotations

import warnings
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.display.drawing import Drawing, panel, tiled
from onlstm_parse.display.figure import to_figure
from onlstm_parse.display.svg import STYLE, to_svg
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import written_whole
from onlstm_parse.registry import nearest
from onlstm_parse.tree import Tree


class View(NamedTuple):
    """The tree of a sentence by one layer and rule; the layer is None for a parser without layers."""

    layer: int | None
    rule: str
    tree: Tree

    def drawing(self) -> Drawing:
        place = "" if self.layer is None else f"layer {self.layer}, "
        return panel(self.tree, f"{place}{self.rule} rule")


def as_html(sentences: list[list[View]], title: str, facts: str) -> str:
    """A page that loads nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("onlstm_parse", "display")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    shown = [
        {
            "words": " ".join(views[0].tree.leaves()),
            "views": [(view, Markup(to_svg(view.drawing(), style=""))) for view in views],
        }
        for views in sentences
    ]
    layers = list(dict.fromkeys(view.layer for views in sentences for view in views))
    rules = list(dict.fromkeys(view.rule for views in sentences for view in views))
    return environment.get_template("show.html").render(
        title=title, facts=facts, sentences=shown, layers=layers, rules=rules, style=Markup(STYLE)
    )


def as_svg(sentences: list[list[View]], title: str, facts: str) -> str:
    return to_svg(_tiles(sentences))


def _tiles(sentences: list[list[View]]) -> Drawing:
    """One row a layer, with the rules side by side."""
    return tiled(
        [
            [view.drawing() for view in row]
            for views in sentences
            for _, row in groupby(views, key=lambda view: view.layer)
        ]
    )


def write_png(sentences: list[list[View]], path: Path) -> None:
    """Raises OnlstmError without matplotlib, or without a font that has all characters."""
    try:
        figure = to_figure(_tiles(sentences))
    except ImportError:
        remedy = "pip install 'onlstm-parse[plot]', or write .svg or .html"
        raise OnlstmError("PNG needs matplotlib, which is not installed", remedy=remedy) from None
    with warnings.catch_warnings(), written_whole(path, "wb") as file:
        warnings.filterwarnings("error", message="Glyph .* missing from font")
        try:
            figure.savefig(file, format="png", dpi=144)
        except UserWarning:
            remedy = "install one, such as Noto Sans CJK, or write .svg or .html"
            raise OnlstmError(
                "no font on this machine has all the words' characters", remedy=remedy
            ) from None


TEXT_KINDS = {".html": as_html, ".svg": as_svg}
KINDS = [*TEXT_KINDS, ".png"]


def check_kind(path: Path) -> None:
    """Raises UsageError unless the name ends with a known kind of picture."""
    if path.suffix not in KINDS:
        remedy = f"end its name with {', '.join(KINDS[:-1])} or {KINDS[-1]}"
        if path.suffix:
            remedy = nearest(path.suffix, KINDS)
        raise UsageError(f"unknown kind of picture {path.name!r}", remedy=remedy)


def write_views(sentences: list[list[View]], path: Path, title: str, facts: str) -> None:
    """Write the kind of file that the name tells. Raises OnlstmError."""
    check_kind(path)
    if path.suffix == ".png":
        write_png(sentences, path)
        return
    with written_whole(path) as file:
        file.write(TEXT_KINDS[path.suffix](sentences, title, facts) + "\n")
