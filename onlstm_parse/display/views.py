"""Trees of sentences, one for each layer and rule, on an HTML page, as SVG or as PNG."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from onlstm_parse.display.drawing import Drawing, panel, tiled
from onlstm_parse.display.figure import to_figure
from onlstm_parse.display.svg import to_svg
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import written_whole
from onlstm_parse.flat import Span
from onlstm_parse.registry import nearest
from onlstm_parse.tree import Tree

GOLD = "gold"
PAGE = "page"  # the folder of what a browser gets


class View(NamedTuple):
    """A tree of a sentence: the parser's, by one layer and rule, or the gold tree.

    The layer is None for a parser without layers. `reference` is the tree to compare with.
    """

    layer: int | None
    rule: str
    tree: Tree
    reference: Tree | None = None

    @property
    def choices(self) -> list[str]:
        """The names under which a reader shows or hides it."""
        layer = [] if self.layer is None else [f"layer {self.layer}"]
        return [*layer, self.rule if self.rule == GOLD else f"{self.rule} rule"]

    def drawing(self) -> Drawing:
        return panel(self.tree, ", ".join(self.choices))

    @property
    def content(self) -> dict[str, Any]:
        """What the viewer in a browser draws."""
        return {
            "title": ", ".join(self.choices),
            "words": list(self.tree.leaves()),
            "spans": spans_of(self.tree),
            "levels": None if self.tree.levels is None else list(self.tree.levels),
            "confidences": None if self.tree.confidence is None else confidences_of(self.tree),
            "brackets": self.tree.brackets(),
            "reference": None if self.reference is None else spans_of(self.reference),
        }


def spans_of(tree: Tree) -> list[Span]:
    """Its brackets of two words or more."""
    return [(start, stop) for start, stop, _ in tree.spans() if stop - start > 1]


def confidences_of(tree: Tree) -> list[float]:
    """Those of `spans_of`. Raises UsageError for a tree without."""
    return [sure for start, stop, sure in tree.spans_with_confidence() if stop - start > 1]


def page_file(name: str) -> str:
    """A file that the page is made of."""
    return files("onlstm_parse.display").joinpath(PAGE, name).read_text(encoding="utf-8")


def as_html(sentences: list[list[View]], title: str, facts: str, f1s: Sequence[float] = ()) -> str:
    """A page that loads nothing else. `f1s` are the scores of the sentences, if there are gold trees."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    views = [view for views in sentences for view in views]
    shown = [
        {
            "words": " ".join(views[0].tree.leaves()),
            "f1": f1,
            "views": [
                {
                    "choices": view.choices,
                    "data": json.dumps(view.content, ensure_ascii=False),
                    "brackets": view.tree.brackets(),
                }
                for view in views
            ],
        }
        for views, f1 in zip_longest(sentences, f1s)
    ]
    return environment.from_string(page_file("show.html")).render(
        title=title,
        facts=facts,
        sentences=shown,
        choices=sorted({name for view in views for name in view.choices}),
        leveled=any(view.tree.levels is not None for view in views),
        gold=bool(f1s),
        style=Markup(page_file("viewer.css")),
        script=Markup(page_file("viewer.js")),
    )


def as_svg(sentences: list[list[View]], title: str, facts: str, f1s: Sequence[float] = ()) -> str:
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


def write_views(
    sentences: list[list[View]], path: Path, title: str, facts: str, f1s: Sequence[float] = ()
) -> None:
    """Write the kind of file that the name tells. Raises OnlstmError."""
    check_kind(path)
    if path.suffix == ".png":
        write_png(sentences, path)
        return
    with written_whole(path) as file:
        file.write(TEXT_KINDS[path.suffix](sentences, title, facts, f1s) + "\n")
