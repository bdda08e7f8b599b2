"""`onlstm-parse evaluate RUN TREEBANK...`: a run's trees against gold trees."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional


def evaluate(
    run: Positional[str],
    treebank: Positional[tuple[str, ...]],
    format: str | None = None,
    protocol: str = "shen2019",
    words: str | None = None,
    max_words: int | None = None,
    filters: str = "",
    rule: str | None = None,
    layer: int | None = None,
    levels: str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "fp32",
    plot: Path | None = None,
    json: FlagCreatePairsOff[bool] = False,
) -> None:
    """Parse the sentences of a treebank and score the trees beside the trivial parsers'.

    Args:
        run: A run folder, a pretrained parser (en, zh), or hf://OWNER/NAME.
        treebank: Treebank files, folders of them, or corpus names.
        format: The treebank's format, penn, ctb, sinica, negra, tiger or alpino; recognised by content
            if not given. `penn:latin-1` names the encoding too.
        protocol: shen2019, kim2019, evalb or strict.
        words: The leaves that count: penn-words, unicode-words, no-punctuation, no-punctuation-tags,
            no-punctuation-marks or none; by corpus or format if not given.
        max_words: Leave out longer sentences, counted in words that count.
        filters: What is taken out of the gold trees, one filter behind another, parted by commas: roots,
            traces, punctuation[:tags|marks], words:NAME, function-tags, unaries, length:[LEAST-]MOST.
        rule: token (the published greedy splitter, the default) or gap (unbiased); both are reported.
        layer: The layer whose levels are split, from 1; the second of three by default.
        levels: mean (the expected level, the default) or argmax (the most probable level).
        device: Where to compute.
        precision: Type of matrix products.
        plot: Draw F1 by length, beside trivial parsers, and recall by depth and label into a .png, .pdf or
            .svg file.
        json: Print one JSON object instead of a table.
    """
    from json import dumps

    from onlstm_parse.display.score_files import expect_plottable
    from onlstm_parse.display.score_files import plot as draw
    from onlstm_parse.display.scores import score_table
    from onlstm_parse.errors import UsageError
    from onlstm_parse.evaluation import evaluate
    from onlstm_parse.parsers.base import load

    if not treebank:
        raise UsageError("no treebank given", remedy="name a file, a folder or a corpus")
    if plot is not None:
        expect_plottable(plot)
    parser = load(run, rule=rule, layer=layer, levels=levels, device=device, precision=precision)
    report = evaluate(
        parser,
        treebank,
        format=format,
        protocol=protocol,
        words=words,
        max_words=max_words,
        filters=filters,
    )
    if plot is not None:
        draw(report, plot, Path(run).name)
    print(dumps(report, ensure_ascii=False) if json else score_table(report, Path(run).name))


def main(arguments: list[str]) -> None:
    tyro.cli(evaluate, prog="onlstm-parse evaluate", args=arguments)
