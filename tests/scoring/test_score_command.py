"""`onlstm-parse score`, from the command line, without torch."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from io import StringIO

import pytest
from treebanks.examples import EXAMPLES

from onlstm_parse.cli.main import main
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.treebanks.reading import read_treebank

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


def printed(capsys, *arguments: str) -> str:
    assert main(["score", *arguments]) == 0
    return capsys.readouterr().out


def test_all_protocols_at_once(files, capsys):
    found = json.loads(printed(capsys, *files, "--protocol", "all", "--json"))["by_protocol"]
    assert list(found) == list(PROTOCOLS)
    for protocol, report in found.items():
        assert report == json.loads(printed(capsys, *files, "--protocol", protocol, "--json"))
    assert printed(capsys, *files, "--protocol", "all").count("random-levels-gap") == len(PROTOCOLS)


def test_files_for_other_programs(files, capsys):
    rows = list(csv.DictReader(StringIO(printed(capsys, *files, "--csv", "--protocol", "all"))))
    figures = {(row["signature"].split("|")[0], row["system"], row["measure"], row["group"]) for row in rows}
    assert ("kim2019", "predicted", "sentence_f1", "all") in figures
    assert ("strict", "right", "corpus_f1", "all") in figures
    assert ("evalb", "predicted", "recall", "label NP") in figures
    assert next(row for row in rows if row["system"] == "right")["signature"].endswith("trees:right")
    table = printed(capsys, *files, "--latex")
    assert table.startswith("% shen2019|v")
    assert table.count(r"\begin{tabular}") == table.count(r"\end{tabular}") == 2


@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_a_plot(files, tmp_path, capsys, ending):
    pytest.importorskip("matplotlib")
    printed(capsys, *files, "--plot", str(tmp_path / f"plot{ending}"))
    assert (tmp_path / f"plot{ending}").stat().st_size > 1000


def test_a_plot_without_matplotlib(files, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["score", *files, "--plot", str(tmp_path / "plot.png")]) == 1
    assert "pip install 'onlstm-parse[plot]'" in capsys.readouterr().err


def test_a_protocol_without_sentences_leaves_the_others(tmp_path, capsys):
    flat = tmp_path / "flat.mrg"
    flat.write_text("(S (NN a) (NN b) (NN c))\n")
    arguments = [str(flat), str(flat), "--protocol", "all"]
    found = json.loads(printed(capsys, *arguments, "--json"))["by_protocol"]
    assert {name: report["sentences"] for name, report in found.items()} == {
        "shen2019": 1,
        "kim2019": 1,
        "evalb": 1,
        "strict": 0,
    }
    assert found["strict"]["left_out"]["bare"] == 1
    table = printed(capsys, *arguments)
    assert "strict: nothing to score\nsentences left out: 1 without gold brackets" in table
    assert "|n:0|" in printed(capsys, *arguments, "--csv")
    assert "% nothing to score" in printed(capsys, *arguments, "--latex")
    assert main(["score", *arguments[:2], "--protocol", "strict"]) == 1
    assert "no sentence is left to score under strict: " in capsys.readouterr().err


def test_filters_change_gold_trees_and_predictions(tmp_path, capsys):
    for name, text in ("gold.mrg", GOLD), ("all", "(X (X The dog) (X saw (X a tree)) .)\n(X rain)\n"):
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / "all"), str(tmp_path / "gold.mrg"), "--words", "none"]
    plain, filtered, short = (
        json.loads(printed(capsys, *files, *options, "--json"))
        for options in ([], ["--filters", "punctuation, unaries"], ["--filters", "length:2-9"])
    )
    assert "|punctuation:kept|words:none|max:" in plain["signature"]
    assert "|punctuation:dropped|words:none|filters:punctuation,unaries|max:" in filtered["signature"]
    assert (plain["by_width"]["6-10"], plain["by_width"]["5"]["gold"]) != (
        filtered["by_width"]["6-10"],
        filtered["by_width"]["5"]["gold"],
    )
    assert (short["sentences"], short["left_out"]["filtered"]) == (1, 1)
    assert "by the filters punctuation,unaries" in printed(capsys, "--explain", filtered["signature"])
    assert "a filter drops them" in printed(capsys, "--explain", short["signature"])


def test_a_format_without_trees_is_refused(files, tmp_path, capsys):
    (tmp_path / "gold.conllu").write_text(EXAMPLES["conllu"].text, encoding="utf-8")
    assert main(["score", files[0], str(tmp_path / "gold.conllu")]) == 2
    error = capsys.readouterr().err
    assert "expected gold trees, found conllu" in error
    assert error.count("\n") == 1


def test_crossing_branches_are_counted(tmp_path, capsys):
    (tmp_path / "gold.export").write_text(EXAMPLES["negra"].text, encoding="utf-8")
    gold = list(read_treebank(tmp_path / "gold.export"))
    (tmp_path / "predicted").write_text("".join(f"{one.tree}\n" for one in gold), encoding="utf-8")
    files = [str(tmp_path / name) for name in ("predicted", "gold.export")]
    raised = sum(one.raised for one in gold)
    assert json.loads(printed(capsys, *files, "--json"))["raised"] == raised > 0
    assert f"lost parts where branches cross: {raised}" in printed(capsys, *files)


def test_two_systems(files, tmp_path, capsys):
    (tmp_path / "other").write_text(PREDICTED.replace("(X the dog) (X saw", "the (X dog saw"))
    names = [files[0], str(tmp_path / "other")]
    table = printed(capsys, "--compare", *names, files[1])
    assert table == printed(capsys, files[1], "--compare", *names)
    assert "p permutation" in table
    report = json.loads(printed(capsys, "--compare", *names, files[1], "--json", "--protocol", "kim2019"))
    assert report["sentence_f1"]["difference"] > 0


def test_several_runs(files, capsys):
    report = json.loads(printed(capsys, "--between", *[files[0]] * 3, "--json"))
    assert report["sentence_f1"]["mean"] == pytest.approx(100, abs=1e-5)
    assert "self-F1 of 2 runs" in printed(capsys, "--between", *[files[0]] * 2)
    filtered = printed(capsys, "--between", *[files[0]] * 2, "--filters", "length:2-9")
    assert "|filters:length:2-9|max:all|n:1|" in filtered


def test_labelled_trees(files, tmp_path, capsys):
    report = json.loads(printed(capsys, files[1], files[1], "--labelled", "--json"))
    assert report["labelled"]["all"]["tagging_accuracy"] == 100
    (tmp_path / "own.prm").write_text("CUTOFF_LEN 3\n")
    table = printed(capsys, files[1], files[1], "--parameters", str(tmp_path / "own.prm"))
    assert "<=3" in table
    assert "\nevalb-labelled|v" in table


def test_a_signature_in_words(files, capsys):
    signature = json.loads(printed(capsys, *files, "--json"))["signature"]
    assert "no word is in them" in printed(capsys, "--explain", signature)


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (["--protocol", "kim"], 2, "unknown protocol 'kim'"),
        (["--words", "words"], 2, "unknown word filter"),
        (["--format", "pen"], 2, "unknown treebank format"),
        (["--max-words", "0"], 2, "length limit"),
        (["--resamples", "-1"], 2, "0 resamples or more"),
        (["--json", "--csv"], 2, "found several"),
        (["--plot", "plot.gif"], 2, "ending in .png"),
        (["more"], 2, "expected PREDICTED and GOLD, found 3 names"),
        (["--compare", "a", "b"], 2, "expected --compare A B GOLD"),
        (["--between", "a", "b"], 2, "expected no other file"),
        (["--between", "a", "b", "--latex"], 2, "print a table or --json"),
        (["--explain", "F1"], 2, "unknown protocol"),
        (["--labelled"], 1, "a tag on every leaf"),
        (["--labelled", "--filters", "traces"], 2, "--labelled takes no --filters"),
        (["--filters", "trace"], 2, "unknown filter 'trace'"),
        (["--filters", "length:x"], 2, "expected length:MOST"),
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
        ("(X the cat saw a tree)\n(X rain)\n", "predicted:1: predicted and gold words differ in sentence 1"),
        ("(X the dog saw a tree)\n\n(X snow)\n", "predicted:3: "),
        (PREDICTED * 2, "expected 2 predicted trees, as in the treebank, found 4"),
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
