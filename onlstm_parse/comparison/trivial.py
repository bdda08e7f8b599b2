"""The trivial parsers as systems of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from onlstm_parse.comparison.records import load_record, save_record
from onlstm_parse.induction import EXPECTATIONS, SPLITTERS, TRIVIAL_PARSERS
from onlstm_parse.induction.batched import trivial
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.metrics import score
from onlstm_parse.scoring.trivial import generators
from onlstm_parse.tree import Tree

TRIVIAL = "trivial"  # the name of their record


def record_trivial(folder: Path, gold: Gold, protocol: str) -> None:
    """Score them once for a comparison."""
    if load_record(folder, TRIVIAL) is None:
        save_record(folder, TRIVIAL, trivial_scores(gold, protocol))


def trivial_scores(gold: Gold, protocol: str) -> dict[str, list[dict[str, Any]]]:
    """The scores of each draw of each trivial parser, by rule."""
    found = {}
    for name in TRIVIAL_PARSERS:
        scored = [score(_trees(name, gold, rng), gold, protocol).to_json() for rng in generators(name)]
        kept = [{key: one[key] for key in ("sentence_f1", "corpus_f1", "by_label")} for one in scored]
        found[name] = [dict.fromkeys(_rules(name), one) for one in kept]
    return found


def _rules(name: str) -> list[str]:
    """The rules to list a parser under: for random levels, the rule that split them."""
    own = [rule for rule in SPLITTERS if name.endswith(f"-{rule}")]
    return own or [*SPLITTERS, *EXPECTATIONS]


def _trees(name: str, gold: Gold, rng: np.random.Generator) -> list[Tree]:
    words = [one.words for one in gold.sentences]
    brackets: list[list[tuple[int, int]]] = [[] for _ in words]
    found = trivial(name, np.array(list(map(len, words)), np.int64), rng)
    for sentence, start, stop in zip(*(part.tolist() for part in found), strict=True):
        brackets[sentence].append((start, stop))
    return list(map(Tree.from_spans, words, brackets))
