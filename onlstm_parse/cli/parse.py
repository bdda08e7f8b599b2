"""`onlstm-parse parse RUN [FILE | -]`: sentences to trees, one a line, or in bulk by Ray Data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.errors import OnlstmError, UsageError


def parse(
    run: Positional[str],
    file: Positional[str] = "-",
    text: str | None = None,
    format: str = "brackets",
    rule: str | None = None,
    layer: int | None = None,
    levels: str | None = None,
    confidence: float | None = None,
    drop: Annotated[FlagCreatePairsOff[bool], tyro.conf.arg(name="drop-unread")] = False,
    bad_bytes: Literal["error", "replace"] = "error",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "fp32",
    jobs: int | None = None,
    engine: Literal["plain", "ray"] = "plain",
    out: Path | None = None,
    column: str = "text",
) -> None:
    """Parse raw sentences, one a line.

    Args:
        run: A run folder, a pretrained parser (en, zh), or hf://OWNER/NAME.
        file: A text file, plain or compressed, a table or an address; - is standard input. With --engine ray
            also a folder, a pattern, and a corpus.
        text: One sentence to parse instead of a file.
        format: brackets (one tree a line), json (tree and levels, one object a line), pretty or svg; with
            --engine ray also parquet.
        rule: How a tree is found. Language model: token (the published greedy splitter, the default), gap
            (unbiased), expected-token or expected-gap (the likeliest brackets over all layers). Grammar:
            expected (the default) or viterbi. Student: expected (the default) or scores (quicker).
        layer: The layer whose levels are split, from 1; the second of three by default.
        levels: mean (the expected level, the default) or argmax (the most probable level).
        confidence: Only brackets that the parser is at least so sure of, from 0 (all) to 1; json and pretty
            say how sure.
        drop: Leave out words that the normalisation drops, such as punctuation.
        bad_bytes: A byte that is not UTF-8 is an error, or replaced by U+FFFD.
        device: Where to compute.
        precision: Type of matrix products.
        jobs: Parse in so many processes of one thread; the trees are the same, in the same order. Default: 1;
            with --engine ray one a GPU, or else one a core.
        engine: plain prints the trees; ray writes them into --out, on one machine or a cluster.
        out: The folder for the trees of --engine ray; the same command continues what was stopped.
        column: The column of Parquet files that has the sentences.
    """
    settings: dict[str, Any] = {"rule": rule, "layer": layer, "levels": levels, "device": device}
    settings |= {"confidence": confidence, "precision": precision, "keep_dropped": not drop}
    if text is not None and file != "-":
        raise UsageError("both a file and --text were given", remedy="give one of them")
    if jobs is not None and jobs < 1:
        raise UsageError(f"expected one job or more, found --jobs {jobs}")
    if engine == "plain" and out:
        raise UsageError("--out is for --engine ray", remedy="print into a file: > FILE")
    if engine == "plain":
        _print(run, text, file, format, bad_bytes, jobs or 1, settings)
    elif out and file != "-":
        _make_shards(run, file, out, format=format, column=column, bad_bytes=bad_bytes, jobs=jobs, **settings)
    else:
        raise UsageError("--engine ray needs a text and --out", remedy="name a file or folder, and a folder")


def _make_shards(run: str, file: str, out: Path, **options: Any) -> None:
    from onlstm_parse.bulk import parse_files

    try:
        parse_files(run, file, out, quiet=False, **options)
    except KeyboardInterrupt:
        remedy = "the same command continues; what is finished is kept"
        raise OnlstmError("interrupted", remedy=remedy) from None
    print(f"the trees are in {out}", file=sys.stderr)


def _print(
    run: str, text: str | None, file: str, format: str, bad_bytes: str, jobs: int, settings: dict[str, Any]
) -> None:
    from onlstm_parse.display import TREE_FORMATS
    from onlstm_parse.parsers.base import load
    from onlstm_parse.parsers.parallel import parse_in_processes
    from onlstm_parse.text.reading import decoded_lines

    show = TREE_FORMATS[format]
    source: AbstractContextManager[Iterable[str]] = nullcontext((text or "").split("\n"))
    if text is None:
        source = decoded_lines(file, bad_bytes)
    parser = load(run, **settings) if jobs == 1 else None
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # whatever the locale
    with source as lines:
        shown: Iterator[str]
        if parser:
            shown = map(show, parser.parse_lines(lines))
        else:
            shown = parse_in_processes(run, lines, show, jobs, **settings)
        for tree in shown:
            print(tree)


def main(arguments: list[str]) -> None:
    tyro.cli(parse, prog="onlstm-parse parse", args=arguments)
