"""`onlstm-parse probe syntax RUN [PAIRS]`: which sentence of a minimal pair is likelier."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional


def syntax(
    run: Positional[str],
    pairs: Positional[str] = "syneval",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "fp32",
    json: FlagCreatePairsOff[bool] = False,
    quiet: FlagCreatePairsOff[bool] = False,
) -> None:
    """Targeted syntactic evaluation: how often the grammatical sentence of a minimal pair is the likelier
    one, by phenomenon, beside published figures and a unigram model.

    Args:
        run: The run folder of a language model or grammar, or hf://OWNER/NAME.
        pairs: A file with a pair a line (phenomenon, condition, grammatical, ungrammatical, parted by tabs;
            the first two may be left out), or a corpus of pairs. syneval/pairs.full.tsv.gz has all pairs.
        device: Where to compute.
        precision: Type of matrix products.
        json: Print one JSON object instead of tables.
        quiet: Show no progress.
    """
    from json import dumps

    from onlstm_parse.corpora import locate_pairs
    from onlstm_parse.display.probes import syntax_table
    from onlstm_parse.experiments.minimal_pairs import read_pairs
    from onlstm_parse.experiments.syntax_probe import probe_syntax
    from onlstm_parse.parsers.base import load

    parser = load(run, device=device, precision=precision)
    report = probe_syntax(parser, read_pairs(locate_pairs(pairs)), quiet)
    print(dumps(report, ensure_ascii=False) if json else syntax_table(report, Path(run).name))


def main(arguments: list[str]) -> None:
    tyro.cli(syntax, prog="onlstm-parse probe syntax", args=arguments)
