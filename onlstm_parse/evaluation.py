"""A run against a treebank: signed scores, under both rules, beside the trivial parsers'."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any

from onlstm_parse.corpora import locate_gold
from onlstm_parse.parsers.base import Parser
from onlstm_parse.scoring.gold import Gold, open_gold
from onlstm_parse.scoring.metrics import Figures, reports, score
from onlstm_parse.tree import Tree

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

Treebank = str | PathLike[str] | Sequence[str | PathLike[str]]


def read_gold(
    treebank: Treebank,
    format: str | None = None,
    words: str | None = None,
    max_words: int | None = None,
    filters: str | Sequence[str] = "",
) -> Gold:
    """The gold sentences of files, folders or corpus names, in memory; see `open_gold`."""
    paths, suits = locate_gold(treebank)
    return open_gold(paths, format, words or suits, max_words, filters).keep()


def trees_by_way(parser: Parser, gold: Gold) -> Iterator[tuple[int | None, str, list[Tree]]]:
    """The trees of the gold sentences by every layer and rule, see `Parser.ways`."""
    sentences = [parser.reader.encode_words(sentence.words) for sentence in gold.sentences]
    analyses = parser.analyse(sentences, all_layers=True)
    for layer, rule in parser.ways() if parser.layers else [(None, parser.rule)]:
        yield layer, rule, parser.trees(sentences, analyses, rule, layer)


def evaluate(
    parser: Parser,
    treebank: Treebank,
    *,
    format: str | None = None,
    protocol: str = "shen2019",
    words: str | None = None,
    max_words: int | None = None,
    filters: str | Sequence[str] = "",
    with_punctuation: bool = False,
) -> dict[str, Any]:
    """Parse the sentences of a treebank (files, folders or corpus names) and score the trees.

    Returns what `reports` gives for the parser's rule, with `by_rule` and `signature_by_rule` (sentence F1
    of the same analyses under each rule). A parser with a loss adds `objective` and `perplexity`: per word
    and closing `<eos>`, each sentence from a zero state; a pseudo-perplexity where the objective is masked, a
    bound where it is `bound`. A parser with a confidence adds `by_confidence`. `with_punctuation` shows the
    parser all leaves of the treebank, not only those that count; see `parsers/punctuation.py`.
    Raises OnlstmError where the treebank cannot be read.
    """
    gold = read_gold(treebank, format, words, max_words, filters)
    shown = (one.leaves if with_punctuation else one.words for one in gold.sentences)
    sentences = [parser.reader.encode_words(words) for words in shown]
    analyses = parser.analyse(sentences, with_loss=True)
    by_rule: dict[str, float] = {}
    signatures: dict[str, str] = {}
    report: dict[str, Any] = {}
    for rule in parser.rules:
        predicted = parser.trees(sentences, analyses, rule)
        extra = {**parser.facts(rule), **({"shown": "all-leaves"} if with_punctuation else {})}
        if rule == parser.rule:
            report = reports(predicted, gold, [protocol], extra=extra)[protocol]
            by_rule[rule], signatures[rule] = report["sentence_f1"], report["signature"]
            if parser.confidence is not None:
                report["by_confidence"] = by_confidence(predicted, gold, protocol, parser.confidence)
        else:
            other = score(predicted, gold, protocol, extra=extra)
            by_rule[rule], signatures[rule] = other.sentence_f1, other.signature
    report |= {"by_rule": by_rule, "signature_by_rule": signatures}
    if parser.objective is not None:
        tokens = sum(analysis.tokens for analysis in analyses)
        loss = sum(analysis.loss or 0.0 for analysis in analyses)
        report |= {"objective": parser.objective, "perplexity": math.exp(loss / tokens)}
    return report


def by_confidence(trees: Sequence[Tree], gold: Gold, protocol: str, least: float) -> Figures:
    """Scores of the brackets of at least some confidences, from `least` on: how far one can rely on them."""
    found: Figures = {}
    for confidence in [least, *(one for one in CONFIDENCES if one > least)]:
        of_sure = score([tree.surer(confidence) for tree in trees], gold, protocol)
        found[f">={confidence:g}"] = {
            "corpus_precision": of_sure.corpus_precision,
            "corpus_recall": of_sure.corpus_recall,
            "corpus_f1": of_sure.corpus_f1,
            "sentence_f1": of_sure.sentence_f1,
        }
    return found
