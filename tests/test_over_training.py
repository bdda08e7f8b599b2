"""Snapshots of a training are runs, and are scored one by one."""

import json

import pytest

import onlstm_parse
from onlstm_parse.cli.main import main
from onlstm_parse.errors import OnlstmError
from onlstm_parse.over_training import over_training
from onlstm_parse.runs import METRICS, WEIGHTS, Run, read_tensors, snapshots

RULES = ("token", "gap")
EXPECTED = {"expected-token", "expected-gap"}


@pytest.fixture(scope="module")
def run(text_file, tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    settings = {**tiny, "epochs": 2, "validate_every": 1500, "snapshots": True}
    onlstm_parse.train([text_file], folder, **settings)
    return folder


def test_every_validation_leaves_a_run(run):
    lines = [json.loads(line) for line in (run / METRICS).read_text(encoding="utf-8").splitlines()]
    validated = [line for line in lines if line["valid_perplexity"]]
    kept = snapshots(run)
    assert list(kept) == [line["tokens"] for line in validated]
    assert len(kept) > 2
    best = min(validated, key=lambda line: line["valid_perplexity"])["tokens"]
    whole, snapshot = (read_tensors(folder / WEIGHTS)[0] for folder in (run, kept[best]))
    assert all((whole[name] == snapshot[name]).all() for name in whole)
    assert len(Run.load(kept[best]).pipeline.vocabulary) == len(Run.load(run).pipeline.vocabulary)


def test_snapshots_are_scored_as_runs(run, tmp_path, capsys):
    report = over_training(run, "synthetic-english", max_words=6)
    tokens, snapshot = list(snapshots(run).items())[1]
    one = report["snapshots"][1]
    assert one["tokens"] == tokens
    assert set(one["scores"]) == {f"{layer}/{rule}" for layer in (1, 2, 3) for rule in RULES} | EXPECTED
    alone = onlstm_parse.evaluate(onlstm_parse.load(snapshot), "synthetic-english", max_words=6)
    assert one["scores"]["2/token"]["signature"] == alone["signature"]
    assert one["scores"]["2/gap"]["sentence_f1"] == alone["by_rule"]["gap"]
    assert report["baselines"] == alone["baselines"]
    plot = tmp_path / "plot.svg"
    options = ["--over-training", "--max-words", "6", "--plot", str(plot)]
    assert main(["evaluate", str(run), "synthetic-english", *options]) == 0
    printed = capsys.readouterr().out
    assert f"{one['scores']['2/token']['sentence_f1']:.2f}" in printed
    assert plot.stat().st_size > 1000


def test_a_run_without_snapshots_is_told(tiny_run):
    with pytest.raises(OnlstmError, match="no snapshots; train with --snapshots"):
        over_training(tiny_run, "synthetic-english")
