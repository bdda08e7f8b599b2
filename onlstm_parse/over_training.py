"""How trees come about: the scores of a run's snapshots, beside its perplexity and levels at that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onlstm_parse.evaluation import Treebank, read_gold, trees_by_way
from onlstm_parse.parsers.base import load
from onlstm_parse.runs import read_metrics, snapshots
from onlstm_parse.scoring.metrics import reports, score

MEASURED = ("epoch", "seconds", "train_perplexity", "valid_perplexity", "level_mean", "level_spread")


def over_training(
    folder: Path,
    treebank: Treebank,
    *,
    protocol: str = "shen2019",
    device: str = "auto",
    precision: str = "fp32",
    **gold_settings: Any,
) -> dict[str, Any]:
    """Score every snapshot of a run under every layer and rule; `gold_settings` are those of `read_gold`.

    Returns `protocol`, the `baselines` (sentence F1 of trivial parsers) and `snapshots`: each with `tokens`,
    what metrics.jsonl says of that validation, and `scores`, by "LAYER/RULE" or rule, of `sentence_f1` and
    `signature`. Raises OnlstmError for a run without snapshots or an unreadable treebank.
    """
    gold = read_gold(treebank, **gold_settings)
    metrics = {line["tokens"]: line for line in read_metrics(folder) if line.get("valid_perplexity")}
    found = []
    for tokens, snapshot in snapshots(folder).items():
        parser = load(snapshot, device=device, precision=precision)
        scores = {}
        for layer, rule, trees in trees_by_way(parser, gold):
            scored = score(trees, gold, protocol, extra=parser.facts(rule, layer))
            name = f"{layer}/{rule}" if layer else rule
            scores[name] = {"sentence_f1": scored.sentence_f1, "signature": scored.signature}
        measured = {name: metrics.get(tokens, {}).get(name) for name in MEASURED}
        found.append({"tokens": tokens, **measured, "scores": scores})
    baselines = reports(trees, gold, [protocol], resamples=0)[protocol]["baselines"]
    return {"protocol": protocol, "baselines": baselines, "snapshots": found}
