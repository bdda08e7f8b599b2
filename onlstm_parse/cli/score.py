"""`onlstm-parse score PREDICTED GOLD`: any system's trees against a treebank; no model needed."""

from __future__ import annotations

from pathlib import Path

import tyro
from tyro.conf import FlagCreatePairsOff, Positional


def score(
    predicted: Positional[Path],
    gold: Positional[str],
    protocol: str = "shen2019",
    format: str | None = None,
    words: str | None = None,
    max_words: int | None = None,
    json: FlagCreatePairsOff[bool] = False,
) -> None:
    """Score any system's trees against a treebank, beside the trivial parsers.

    Args:
        predicted: A file of bracketed trees, one for each gold tree; labels do not matter.
        gold: A treebank file, a folder of them, or a corpus name.
        protocol: shen2019, kim2019, evalb or strict.
        format: The treebank's format, penn or sinica; recognised by content if not given.
        words: The leaves that count, penn-words, unicode-words or none; by corpus or format if not given.
        max_words: Leave out longer sentences, counted in words that count.
        json: Print one JSON object instead of a table.
    """
    from json import dumps

    from onlstm_parse.corpora import locate_treebank, word_filter
    from onlstm_parse.display.scores import score_table
    from onlstm_parse.scoring.alignment import prepare_gold
    from onlstm_parse.scoring.metrics import score
    from onlstm_parse.scoring.trivial import baselines
    from onlstm_parse.treebanks import FORMATS
    from onlstm_parse.treebanks.reading import read_treebank, treebank_format

    paths = locate_treebank(gold)
    format = treebank_format(paths, format)
    words = words or word_filter(gold) or FORMATS[format].words
    sentences = prepare_gold(read_treebank(paths, format), words, max_words)
    trees = read_treebank(predicted, "penn")
    report = {**score(trees, sentences, protocol).to_json(), "baselines": baselines(sentences, protocol)}
    print(dumps(report, ensure_ascii=False) if json else score_table(report, predicted.name))


def main(arguments: list[str]) -> None:
    tyro.cli(score, prog="onlstm-parse score", args=arguments)
