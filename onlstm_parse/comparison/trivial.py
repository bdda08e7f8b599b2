"""The trivial parsers as systems of a comparison: every table has its floor."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from onlstm_parse.comparison.records import load_record, save_record
from onlstm_parse.induction import SPLITTERS, TRIVIAL_PARSERS
from onlstm_parse.scoring.alignment import Gold
from onlstm_parse.scoring.metrics import score
from onlstm_parse.tree import Tree

TRIVIAL = "trivial"  # the name of their record
DRAWS = 5  # of a random parser


def record_trivial(folder: Path, gold: Gold, protocol: str) -> None:
    """Score them once for a comparison."""
    if load_record(folder, TRIVIAL) is None:
        save_record(folder, TRIVIAL, trivial_scores(gold, protocol))


def trivial_scores(gold: Gold, protocol: str) -> dict[str, list[dict[str, Any]]]:
    """For each trivial parser what each of its draws scores, by rule."""
    found = {}
    for name in TRIVIAL_PARSERS:
        draws = range(DRAWS if name.startswith("random") else 1)
        scored = [score(_trees(name, gold, seed), gold, protocol).to_json() for seed in draws]
        kept = [{key: one[key] for key in ("sentence_f1", "corpus_f1", "by_label")} for one in scored]
        found[name] = [dict.fromkeys(_rules(name), one) for one in kept]
    return found


def _rules(name: str) -> list[str]:
    """The rules beside whose scores a parser's belong: of random levels the one that split them."""
    own = [rule for rule in SPLITTERS if name.endswith(f"-{rule}")]
    return own or list(SPLITTERS)


def _trees(name: str, gold: Gold, seed: int) -> list[Tree]:
    parse, rng = TRIVIAL_PARSERS[name], Random(seed)
    return [Tree.from_spans(one.words, parse(len(one.words), rng)) for one in gold.sentences]
