"""`onlstm-parse average MEMBER... --out RUN`: one parser of several."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional


def average(
    members: Positional[tuple[str, ...]],
    out: Path,
    weights: Literal["equal", "families", "agreement"] = "families",
    text: str | None = None,
    sentences: int = 1000,
    choose_ways: FlagCreatePairsOff[bool] = False,
    votes: Literal["expected", "trees"] = "expected",
    plot: Path | None = None,
    json: FlagCreatePairsOff[bool] = False,
) -> None:
    """Make a run that parses by the votes of several parsers: each votes for its brackets, the tree with the
    most votes wins. No gold tree is used.

    Args:
        members: Runs, each with any of its layers and rules (RUN:layer=2,rule=gap,weight=1.5,family=NAME),
            trivial parsers with a weight (right=1.5), and files of trees.
        out: The run folder to make. It refers to its members: keep them where they are.
        weights: equal; families (each family of models has the same weight, shared by its members); or
            agreement (as families, times the mean F1 with the members of other families).
        text: Raw text to measure agreement on; by default the validation text of the first run.
        sentences: How many of its lines to take.
        choose_ways: Take for each language model, unless its layer or rule is named, those that the other
            families of members agree with best.
        votes: expected (grammars, and language models under an expected rule, vote with the probabilities of
            brackets), or trees (every member votes for the brackets of its tree).
        plot: Draw the agreement of all members into this file (.png, .svg or .pdf).
        json: Print one JSON object instead of a table.
    """
    from json import dumps

    from onlstm_parse.display.score_files import expect_plottable
    from onlstm_parse.experiments import averaging

    if plot is not None:
        expect_plottable(plot)
    run = averaging.average(
        members,
        out,
        weights=weights,
        text=text,
        sentences=sentences,
        choose_ways=choose_ways,
        votes=votes,
    )
    if plot is not None:
        averaging.plot(run, plot)
    if json:
        print(dumps(averaging.report(run), ensure_ascii=False))
    else:
        print(averaging.table(run))


def main(arguments: list[str]) -> None:
    tyro.cli(average, prog="onlstm-parse average", args=arguments)
