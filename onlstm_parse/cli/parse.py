"""`onlstm-parse parse RUN [FILE | -]`: sentences to trees, one a line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.errors import UsageError


def parse(
    run: Positional[str],
    file: Positional[str] = "-",
    text: str | None = None,
    format: str = "brackets",
    rule: str | None = None,
    layer: int | None = None,
    levels: str | None = None,
    drop: Annotated[FlagCreatePairsOff[bool], tyro.conf.arg(name="drop-unread")] = False,
    bad_bytes: Literal["error", "replace"] = "error",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "fp32",
) -> None:
    """Parse raw sentences, one a line.

    Args:
        run: A run folder, a pretrained parser (en, zh), or hf://OWNER/NAME.
        file: A text file, plain or compressed, a table or an address; - is standard input.
        text: One sentence to parse instead of a file.
        format: brackets (one tree a line), json (tree and levels, one object a line), pretty or svg.
        rule: token (the published greedy splitter, the default) or gap (unbiased).
        layer: The layer whose levels are split, from 1; the second of three by default.
        levels: mean (the expected level, the default) or argmax (the most probable level).
        drop: Leave out words that the normalisation drops, such as punctuation.
        bad_bytes: A byte that is not UTF-8 is an error, or replaced by U+FFFD.
        device: Where to compute.
        precision: Type of matrix products.
    """
    from onlstm_parse.display import TREE_FORMATS
    from onlstm_parse.parsers.base import load
    from onlstm_parse.text.reading import decoded_lines

    show = TREE_FORMATS[format]
    if text is not None and file != "-":
        raise UsageError("both a file and --text were given", remedy="give one of them")
    source: AbstractContextManager[Iterable[str]] = nullcontext((text or "").split("\n"))
    if text is None:
        source = decoded_lines(file, bad_bytes)
    parser = load(
        run, rule=rule, layer=layer, levels=levels, device=device, precision=precision, keep_dropped=not drop
    )
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # whatever the locale
    with source as lines:
        for tree in parser.parse_lines(lines):
            print(show(tree))


def main(arguments: list[str]) -> None:
    tyro.cli(parse, prog="onlstm-parse parse", args=arguments)
