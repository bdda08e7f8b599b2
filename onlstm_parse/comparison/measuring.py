"""Measure a trained run: its trees by every layer and rule, and its perplexity on test text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onlstm_parse.comparison.plan import Plan, column
from onlstm_parse.comparison.records import Brackets
from onlstm_parse.evaluation import trees_by_way
from onlstm_parse.models import LANGUAGE_MODEL
from onlstm_parse.parsers.base import load
from onlstm_parse.parsers.levels import LevelParser
from onlstm_parse.perplexity import carried_perplexity, read_text, sentence_perplexity
from onlstm_parse.runs import Run
from onlstm_parse.scoring.metrics import score
from onlstm_parse.text.sources import Source
from onlstm_parse.training.config import TrainingConfig


def scores(run: Run, plan: Plan) -> tuple[dict[str, dict[str, Any]], Brackets]:
    """For each column "LAYER/RULE" sentence and corpus F1, and F1s and recalls by group; and all brackets.

    A parser without layers has the same trees in every column.
    """
    gold = plan.gold()
    parser = load(run, device=plan.settings.training.device)
    found: dict[str, dict[str, Any]] = {}
    brackets: Brackets = {}
    for layer, rule, trees in trees_by_way(parser, gold):
        result = summary(score(trees, gold, plan.protocol, extra=parser.facts(rule, layer)).to_json())
        spans = [[(start, stop) for start, stop, _ in tree.spans()] for tree in trees]
        columns = [column(layer, rule)] if parser.layers else plan.columns()
        found |= dict.fromkeys(columns, result)
        brackets |= dict.fromkeys(columns, spans)
    return found, brackets


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a score that a comparison stores."""
    return {
        key: report[key]
        for key in ("signature", "sentence_f1", "corpus_f1", "by_label", "by_length", "by_depth")
    }


def perplexity(run: Run, files: Sequence[Source], training: TrainingConfig) -> float | None:
    """Perplexity of text, computed as in validation; None without files."""
    if not files:
        return None
    text = read_text(run.pipeline, files)
    if run.config.kind != LANGUAGE_MODEL:
        return sentence_perplexity(load(run, device=training.device), text)
    return carried_perplexity(
        LevelParser(run, device=training.device, precision=training.precision), text.ids
    )
