"""Measure a trained run: its trees by every layer and rule, and its perplexity on test text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from onlstm_parse.comparison.plan import Plan
from onlstm_parse.comparison.records import Brackets
from onlstm_parse.models import LANGUAGE_MODEL
from onlstm_parse.ops.precision import choose_device, choose_precision, products_in
from onlstm_parse.parsers.base import load
from onlstm_parse.runs import Run
from onlstm_parse.scoring.metrics import score
from onlstm_parse.text.batches import Stream
from onlstm_parse.text.pipeline import TextPipeline
from onlstm_parse.text.reading import read_lines
from onlstm_parse.text.sources import Source
from onlstm_parse.text.vocabulary import EOS_ID
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.validation import validate

VALIDATION_COLUMNS = 16  # streams of text, as in training


def scores(run: Run, plan: Plan) -> tuple[dict[str, dict[str, Any]], Brackets]:
    """For each column "LAYER/RULE" sentence and corpus F1 and recall by label; and all brackets.

    A parser without layers has the same trees in every column.
    """
    gold = plan.gold()
    parser = load(run, device=plan.settings.training.device)
    sentences = [parser.reader.encode_words(sentence.words) for sentence in gold.sentences]
    analyses = parser.analyse(sentences, all_layers=True)
    found: dict[str, dict[str, Any]] = {}
    brackets: Brackets = {}
    ways = parser.ways() if parser.layers else [(None, parser.rule)]
    for layer, rule in ways:
        trees = [
            parser.tree(sentence, analysis, rule, layer)
            for sentence, analysis in zip(sentences, analyses, strict=True)
        ]
        extra = {**parser.facts, "rule": rule, **({"layer": layer} if layer else {})}
        result = summary(score(trees, gold, plan.protocol, extra=extra).to_json())
        spans = [[(start, stop) for start, stop, _ in tree.spans()] for tree in trees]
        columns = [f"{layer}/{rule}"] if layer else plan.columns()
        found |= dict.fromkeys(columns, result)
        brackets |= dict.fromkeys(columns, spans)
    return found, brackets


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a score that a comparison stores."""
    return {key: report[key] for key in ("signature", "sentence_f1", "corpus_f1", "by_label")}


def perplexity(run: Run, files: Sequence[Source], training: TrainingConfig) -> float | None:
    """Perplexity of text, computed as in validation; None without files."""
    if not files:
        return None
    if run.config.kind != LANGUAGE_MODEL:
        return sentence_perplexity(run, files, training.device)
    device = choose_device(training.device)
    stream = Stream(text_ids(run.pipeline, files), VALIDATION_COLUMNS, training.bptt)
    precision = choose_precision(training.precision, device)
    with products_in(precision, device):
        return validate(run.model.to(device), stream).figure


def sentence_perplexity(run: Run, files: Sequence[Source], device: str) -> float:
    """Perplexity of the sentences of a text, each by itself: of words, and of the ends of sentences."""
    parser = load(run, device=device)
    encoded = (parser.reader.encode(line) for line in read_lines(files, run.pipeline.config.bad_bytes))
    analyses = parser.analyse([one for one in encoded if any(one.pieces)], with_loss=True)
    return math.exp(sum(one.loss or 0.0 for one in analyses) / sum(one.tokens for one in analyses))


def text_ids(pipeline: TextPipeline, files: Sequence[Source]) -> np.ndarray:
    """The ids of a text, with `<eos>` after each line; lines that normalisation empties are left out."""
    ids: list[int] = []
    for line in read_lines(files, pipeline.config.bad_bytes):
        if pieces := [index for word in pipeline.encode(line).pieces for index in word]:
            ids += [*pieces, EOS_ID]
    return np.array(ids, dtype=np.int64)
