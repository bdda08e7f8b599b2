"""A run against a treebank: signed scores, under both rules, beside the trivial parsers'."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from typing import Any

from onlstm_parse import corpora
from onlstm_parse.induction import SPLITTERS
from onlstm_parse.parser import Parser
from onlstm_parse.scoring.alignment import Gold, prepare_gold
from onlstm_parse.scoring.metrics import reports, score
from onlstm_parse.treebanks import FORMATS
from onlstm_parse.treebanks.reading import read_treebank, treebank_format

Treebank = str | PathLike[str] | Sequence[str | PathLike[str]]


def read_gold(
    treebank: Treebank, format: str | None = None, words: str | None = None, max_words: int | None = None
) -> Gold:
    """The gold trees of files, folders or corpus names, with the word filter that suits them."""
    names: Sequence[str | PathLike[str]] = [treebank] if isinstance(treebank, str | PathLike) else treebank
    paths = [path for name in names for path in corpora.locate_treebank(name)]
    format = treebank_format(paths, format)
    trees = (one.tree for one in read_treebank(paths, format))
    words = words or next(filter(None, map(corpora.word_filter, names)), FORMATS[format].words)
    return prepare_gold(trees, words, max_words)


def evaluate(
    parser: Parser,
    treebank: Treebank,
    *,
    format: str | None = None,
    protocol: str = "shen2019",
    words: str | None = None,
    max_words: int | None = None,
) -> dict[str, Any]:
    """Parse the sentences of a treebank (files, folders or corpus names) and score the trees.

    Returns what `reports` gives for the parser's rule, with `by_rule` (sentence F1 of the same
    levels under each rule), `objective` and `perplexity` (per word and closing `<eos>`, each
    sentence from a zero state; a pseudo-perplexity where the objective is masked).
    Raises OnlstmError where the treebank cannot be read.
    """
    gold = read_gold(treebank, format, words, max_words)
    sentences = [parser.run.pipeline.encode_words(sentence.words) for sentence in gold.sentences]
    readings = parser.read(sentences, with_loss=True)
    by_rule: dict[str, float] = {}
    report: dict[str, Any] = {}
    for rule in SPLITTERS:
        predicted = (
            parser.tree(sentence, reading.levels.tolist(), rule)
            for sentence, reading in zip(sentences, readings, strict=True)
        )
        extra = {"rule": rule, "layer": parser.layer, "levels": parser.levels}
        if rule == parser.rule:
            report = reports(predicted, gold, [protocol], extra=extra)[protocol]
            by_rule[rule] = report["sentence_f1"]
        else:
            by_rule[rule] = score(predicted, gold, protocol, extra=extra).sentence_f1
    tokens = sum(1 + sum(map(len, sentence.pieces)) for sentence in sentences)
    return {
        **report,
        "by_rule": by_rule,
        "objective": parser.run.config.model.objective,
        "perplexity": math.exp(sum(reading.loss or 0.0 for reading in readings) / tokens),
    }
