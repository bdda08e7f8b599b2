"""The probe of logical inference: data, training, results, and what is wrong with them."""

import json
import shutil

import numpy as np
import pytest
import torch

from onlstm_parse.cli.main import main
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.experiments import logic_probe
from onlstm_parse.experiments.logic_formulas import RELATIONS, TESTED, TRAINED, read_logic
from onlstm_parse.experiments.logic_probe import probe_logic
from onlstm_parse.runs import Run
from onlstm_parse.training import loop

TINY = {
    **{"size": "tiny", "embedding": 8, "hidden": 32, "dropout_input": 0.0, "dropout_output": 0.0},
    **{"epochs": 3, "batch_size": 16, "learning_rate": 0.02, "precision": "fp32"},
}


def lines(operators, count, first):
    """Pairs that are quick to learn, whatever the number of operators."""
    for number in range(first, first + count):
        left, right = "ab"[number % 2], "ab"[number // 2 % 2]
        formula = f"( {left} ( or {left} ) )" if operators % 2 else left
        yield f"{'=' if left == right else '#'}\t{formula}\t{right}\n"


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logic")
    for size in TRAINED:
        (folder / f"train{size}.tsv").write_text("".join(lines(size, 101, 0)))
    for size in TESTED:
        (folder / f"test{size}.tsv").write_text("".join(lines(size, 8, 1)))
    return folder


@pytest.fixture(scope="session")
def probed(data, tmp_path_factory):
    """A finished probe of two models; never write into it, copy it."""
    out = tmp_path_factory.mktemp("probed") / "out"
    probe_logic(out, ["on-lstm", "lstm"], [1, 2], data=data, **TINY)
    return out


def test_every_tenth_training_pair_is_held_out(data):
    text = read_logic(data)
    assert (len(text.train.pairs), len(text.valid.pairs)) == (637, 70)
    assert [len(text.tests[size].pairs) for size in TESTED] == [8] * 13
    words = text.pipeline.vocabulary
    first, second = text.tests[3].pairs[0]
    read = [" ".join(words[index] for index in text.tests[3].sentences[place]) for place in (first, second)]
    assert read == ["( b ( or b ) )", "a"]
    assert RELATIONS[text.tests[3].relations[0]] == "#"
    lengths = text.valid.lengths
    assert lengths.max() == 7
    assert len(text.valid) == lengths.sum()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("#\t( not a )\t( a ( xor b ) )\n", "unknown operator or variable 'xor'"),
        ("#\t( not a )\t( a ( nor b ) )\n", "did you mean or or not"),
        ("~\ta\tb\n", "unknown relation '~'"),
        ("#\ta b\n", "expected a relation and two formulas"),
        ("\n", "expected a relation and two formulas"),
        ("#\ta\t( not b\n", r"expected a formula with all its brackets, found '\( not b'"),
        ("#\ta\t\n", "expected a formula"),
    ],
)
def test_bad_lines_are_named(data, tmp_path, line, message):
    folder = shutil.copytree(data, tmp_path / "bad")
    path = folder / "train3.tsv"
    path.write_text("#\ta\tb\n" + line)
    with pytest.raises(FormatError, match=message) as caught:
        read_logic(folder)
    assert str(caught.value).startswith(f"{path}:2: ")


def test_missing_and_empty_files_are_named(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "bad")
    (folder / "train4.tsv").unlink()
    (folder / "test11.tsv").unlink()
    with pytest.raises(OnlstmError, match=r"without train4\.tsv, test11\.tsv"):
        read_logic(folder)
    for name in ("train4.tsv", "test11.tsv"):
        (folder / name).write_text("")
    with pytest.raises(FormatError, match="found an empty file"):
        read_logic(folder)


def test_what_is_simple_is_learnt(probed):
    found = json.loads((probed / "results.json").read_text())
    for model in ("on-lstm", "lstm"):
        assert found["models"][model]["runs"] == 2
        assert found["models"][model]["by_operators"]["0-6"]["accuracy"] > 75
    constant = found["most_frequent_relation"]["0-6"]
    assert (constant["accuracy"], constant["pairs"]) == (50.0, 56)


def test_results_are_those_of_the_records(probed):
    found = json.loads((probed / "results.json").read_text())
    records = [json.loads((probed / "records" / f"lstm-{seed}.json").read_text()) for seed in (1, 2)]
    assert all(record["pairs"] == 3 * 637 for record in records)
    shares = [100 * sum(record["right"][str(size)] for size in range(7, 13)) / 48 for record in records]
    longer = found["models"]["lstm"]["by_operators"]["7-12"]
    assert longer["accuracy"] == pytest.approx(np.mean(shares))
    assert longer["sd"] == pytest.approx(np.std(shares, ddof=1))
    low, high = longer["confidence_95"]
    assert 0 <= low <= longer["accuracy"] <= high <= 100
    text = (probed / "results.md").read_text()
    assert "for 3 epochs each" in text
    assert "| 7-12 " in text
    assert {path.name for path in probed.iterdir()} >= {
        *("runs", "records", "accuracy_by_operators.svg", "accuracy_by_operators.png"),
    }


def test_models_and_seeds_are_added_and_nothing_is_done_twice(probed, data, tmp_path, monkeypatch):
    out = shutil.copytree(probed, tmp_path / "out")
    trained = []
    train = logic_probe.train_run
    monkeypatch.setattr(logic_probe, "train_run", lambda *a, **k: trained.append(a[1].name) or train(*a, **k))
    rows = probe_logic(out, ["gru", "lstm"], [2], data=data, **TINY)
    assert trained == ["gru-2"]
    assert {model: row.runs for model, row in rows.items()} == {"on-lstm": 2, "lstm": 2, "gru": 1}


def test_other_settings_or_data_are_refused(probed, data, tmp_path):
    with pytest.raises(UsageError, match="epochs is 3 in the run, 4 was asked for"):
        probe_logic(probed, ["gru"], [1], data=data, **{**TINY, "epochs": 4})
    other = shutil.copytree(data, tmp_path / "other")
    (other / "test12.tsv").write_text("#\ta\tb\n")
    with pytest.raises(OnlstmError, match="the train text is not what the run began with"):
        probe_logic(probed, ["gru"], [1], data=other, **TINY)


def test_interrupted_and_resumed_is_uninterrupted(probed, data, tmp_path, monkeypatch):
    update = loop.Trainer._update

    def interrupted(self):
        if self.progress.updates == 8:
            raise KeyboardInterrupt
        return update(self)

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            probe_logic(tmp_path, ["on-lstm"], [1], data=data, **TINY)
    assert json.loads((tmp_path / "results.json").read_text())["models"] == {}
    probe_logic(tmp_path, ["on-lstm"], [1], data=data, **TINY)
    ours, theirs = (
        Run.load(folder / "runs" / "on-lstm-1").model.state_dict() for folder in (tmp_path, probed)
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_that_fails_leaves_the_others(data, tmp_path, monkeypatch, capsys):
    train = logic_probe.train_run

    def failing(texts, folder, *rest, **settings):
        if folder.name == "lstm-1":
            raise OnlstmError("training stopped")
        return train(texts, folder, *rest, **settings)

    monkeypatch.setattr(logic_probe, "train_run", failing)
    with pytest.raises(OnlstmError, match="1 of 2 runs failed: lstm-1"):
        probe_logic(tmp_path, ["lstm", "gru"], [1], data=data, **{**TINY, "epochs": 1})
    assert "lstm-1 failed: training stopped" in capsys.readouterr().err
    assert list(json.loads((tmp_path / "results.json").read_text())["models"]) == ["gru"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--models", "simple-pcfg"], 2, "unknown language model 'simple-pcfg'"),
        (["--models", "on-ltsm"], 2, "did you mean on-lstm"),
        (["--models", ","], 2, "no model was given"),
        (["--minutes", "1", "--tokens", "5"], 2, "--minutes and --tokens are two budgets"),
        (["--tokens", "0"], 2, "tokens must be above 0"),
        (["--data", "logik"], 1, "expected a file, a folder or a corpus, found 'logik'; did you mean logic?"),
    ],
)
def test_bad_input_is_one_clear_line(data, tmp_path, capsys, arguments, status, message):
    out = tmp_path / "out"
    assert main(["probe", "logic", "--out", str(out), "--data", str(data), *arguments]) == status
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert not out.exists()


def test_the_command(data, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["probe", "logic", "--out", str(out), "--data", str(data), "--models", "lstm"]
    assert main([*command, "--size", "tiny", "--tokens", "100", "--seeds", "3", "--quiet"]) == 0
    assert "for 100 pairs each" in (out / "results.md").read_text()
    assert main(["parse", str(out / "runs" / "lstm-3"), "--text", "a"]) == 2
    assert "a pair-classifier gives no trees" in capsys.readouterr().err
    assert main(["probe", "logik"]) == 2
    assert "unknown probe 'logik'; did you mean logic?" in capsys.readouterr().err
    assert main(["probe"]) == 0
    assert "logic " in capsys.readouterr().out
    assert main(["share", str(out / "runs" / "lstm-3"), str(tmp_path / "shared")]) == 2
    assert "a pair-classifier gives no trees; share a parser" in capsys.readouterr().err
    assert not (tmp_path / "shared").exists()
