"""Measure a trained run: its trees by every layer and rule, and its perplexity on test text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from onlstm_parse.comparison.plan import Plan
from onlstm_parse.comparison.records import Brackets
from onlstm_parse.ops.precision import choose_device, choose_precision, products_in
from onlstm_parse.parsers.base import load
from onlstm_parse.runs import Run
from onlstm_parse.scoring.metrics import score
from onlstm_parse.text.batches import Stream
from onlstm_parse.text.pipeline import TextPipeline
from onlstm_parse.text.reading import read_lines
from onlstm_parse.text.vocabulary import EOS_ID
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.validation import validate

VALIDATION_COLUMNS = 16  # streams of text, as in training


def scores(run: Run, plan: Plan) -> tuple[dict[str, dict[str, Any]], Brackets]:
    """For each column "LAYER/RULE" sentence and corpus F1 and recall by label; and all brackets."""
    gold = plan.gold()
    parser = load(run, device=plan.settings.training.device)
    sentences = [parser.reader.encode_words(sentence.words) for sentence in gold.sentences]
    analyses = parser.analyse(sentences, all_layers=True)
    found: dict[str, dict[str, Any]] = {}
    brackets: Brackets = {}
    for layer, rule in parser.ways():
        trees = [
            parser.tree(sentence, analysis, rule, layer)
            for sentence, analysis in zip(sentences, analyses, strict=True)
        ]
        column = f"{layer}/{rule}"
        extra = {**parser.facts, "rule": rule, "layer": layer}
        found[column] = summary(score(trees, gold, plan.protocol, extra=extra).to_json())
        brackets[column] = [[(start, stop) for start, stop, _ in tree.spans()] for tree in trees]
    return found, brackets


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a score that a comparison stores."""
    return {key: report[key] for key in ("signature", "sentence_f1", "corpus_f1", "by_label")}


def perplexity(run: Run, files: list[Path], training: TrainingConfig) -> float | None:
    """Perplexity of text, computed as in validation; None without files."""
    if not files:
        return None
    device = choose_device(training.device)
    stream = Stream(text_ids(run.pipeline, files), VALIDATION_COLUMNS, training.bptt)
    precision = choose_precision(training.precision, device)
    with products_in(precision, device):
        return validate(run.model.to(device), stream).figure


def text_ids(pipeline: TextPipeline, files: list[Path]) -> np.ndarray:
    """The ids of a text, with `<eos>` after each line; lines that normalisation empties are left out."""
    ids: list[int] = []
    for line in read_lines(files, pipeline.config.bad_bytes):
        if pieces := [index for word in pipeline.encode(line).pieces for index in word]:
            ids += [*pieces, EOS_ID]
    return np.array(ids, dtype=np.int64)
