"""`onlstm-parse score`, from the command line, without torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from onlstm_parse.cli.main import main

GOLD = "( (S (NP-SBJ (DT The) (NN dog)) (VP (VBD saw) (NP (DT a) (NN tree)))) (. .))\n(S (NN rain))\n"
PREDICTED = "(X (X the dog) (X saw (X a tree)))\n(X rain)\n"


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / "predicted", tmp_path / "gold.mrg"
    for path, text in zip(paths, (PREDICTED, GOLD), strict=True):
        path.write_text(text)
    return [str(path) for path in paths]


def test_one_json_object(files, capsys):
    assert main(["score", *files, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sentence_f1"] == pytest.approx(100, abs=1e-5)
    assert set(report["baselines"]) >= {"left", "right", "balanced", "random"}
    assert set(report["baselines"]["random"]) == {"mean", "sd"}


def test_a_table_for_people(files, capsys):
    assert main(["score", *files, "--protocol", "evalb", "--max-words", "9"]) == 0
    table = capsys.readouterr().out
    for part in ("sentence F1", "random-levels-gap", "NP", "<=10", "crossing", "evalb|v", "|max:9|"):
        assert part in table


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (["--protocol", "kim"], 2, "unknown protocol 'kim'"),
        (["--words", "words"], 2, "unknown word filter"),
        (["--format", "pen"], 2, "unknown treebank format"),
        (["--max-words", "0"], 2, "length limit"),
    ],
)
def test_wrong_usage(files, capsys, arguments, status, problem):
    assert main(["score", *files, *arguments]) == status
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("predicted", "problem"),
    [
        ("", "expected trees, found none"),
        ("(X (X the dog)\n", "predicted:1:1: 1 of the tree's brackets never close"),
        ("(X rain)\n", "found 1"),
        ("(X the cat saw a tree)\n(X rain)\n", "sentence 1, word 2"),
    ],
)
def test_bad_predictions_are_one_line(files, tmp_path, capsys, predicted, problem):
    (tmp_path / "predicted").write_text(predicted)
    assert main(["score", *files]) == 1
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_scoring_does_not_need_torch(files):
    code = (
        "import sys; from onlstm_parse.cli.main import main\n"
        f"assert main(['score', *{files!r}, '--json']) == 0\n"
        "assert 'torch' not in sys.modules and 'nltk' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
