"""The scripts behind the figures of the README and docs still fit the package."""

import runpy
import sys
import tomllib
from pathlib import Path

import pytest

import onlstm_parse
from onlstm_parse.models import CATALOGUE
from onlstm_parse.runs import Run, best_perplexity

SCRIPTS = Path(__file__).parents[1] / "scripts"
PYTHON = sorted(path for path in SCRIPTS.iterdir() if path.is_file() and b"python" in path.read_bytes()[:40])


def run(path: Path, *arguments, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
    monkeypatch.syspath_prepend(SCRIPTS)  # where Python looks first when it runs a script
    runpy.run_path(str(path), run_name="__main__")


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_every_script_tells_what_it_does(path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as ended:
        run(path, "--help", monkeypatch=monkeypatch)
    assert ended.value.code in (0, None)
    assert "usage: " in capsys.readouterr().out


def test_every_script_is_checked_for_style():
    settings = tomllib.loads((SCRIPTS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    named = settings["tool"]["ruff"]["extend-include"]
    assert {f"scripts/{path.name}" for path in PYTHON if not path.suffix} <= set(named)


def test_models_are_drawn_by_their_name(tiny_run, tmp_path, monkeypatch):
    text = ("--text", "The old dog barked.", "--suffix", "english", "--out", tmp_path)
    run(SCRIPTS / "draw_models", tiny_run, *text, monkeypatch=monkeypatch)
    (picture,) = tmp_path.iterdir()
    assert picture.name == "on-lstm-english.svg"
    assert "barked" in picture.read_text(encoding="utf-8")


def test_the_profile_of_parsing_names_every_part(tiny_run, text_file, monkeypatch, capsys):
    run(SCRIPTS / "profile_parse", tiny_run, text_file, "--lines", 40, monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in out.splitlines() if "%" in line]
    assert {"reading", "recurrences, with their products", "splitter", "trees"} <= {row[0] for row in rows}
    assert sum(float(row[2].rstrip("%")) for row in rows) == pytest.approx(100, abs=1)
    assert "40 sentences, fp32" in out


def test_learning_rates_are_compared_by_perplexity(text_file, monkeypatch, capsys):
    catalogue = dict(CATALOGUE)
    options = ("--models", "rnn", "--shares", "0.1", "1", "--size", "tiny", "--tokens", "2000")
    run(SCRIPTS / "compare_learning_rates", "--text", text_file, *options, monkeypatch=monkeypatch)
    assert catalogue == dict(CATALOGUE)
    header, _, row = capsys.readouterr().out.splitlines()[-3:]
    assert [cell.strip() for cell in header.split("|")[1:4]] == ["model", "0.1", "1"]
    low, high = (float(cell) for cell in row.split("|")[2:4])
    assert 1 < high < low


def test_tokenisers_are_compared_by_the_words_they_find(tmp_path, monkeypatch, capsys):
    text = tmp_path / "words.txt"
    text.write_text("我們 在 公園 裡 看見 一 隻 狗 。\n", encoding="utf-8")
    run(SCRIPTS / "compare_tokenisers", text, "--tokenisers", "characters", monkeypatch=monkeypatch)
    row = [cell.strip() for cell in capsys.readouterr().out.splitlines()[-1].split("|")]
    # 12 characters, 9 words: all 8 ends are among 11, 6 words are among 12
    assert row[1:6] == ["words.txt", "41.7%", "characters", f"{1600 / 19:.1f}", f"{1200 / 21:.1f}"]


def test_a_grammar_chooses_a_way_and_gold_trees_score_it(text_file, tmp_path, monkeypatch, capsys):
    treebank = tmp_path / "gold.mrg"
    treebank.write_text("(S (NP (DT The) (JJ old) (NN dog)) (VP (VBD barked)))\n" * 2)
    options = ("--text", text_file, "--treebank", treebank, "--size", "tiny", "--out", tmp_path / "runs")
    options += ("--seeds", 1, 2, "--tokens", 2000, "--grammar-tokens", 2000)
    for _ in range(2):  # the second time all is there
        run(SCRIPTS / "reproduce_ways", *options, monkeypatch=monkeypatch)
    printed = capsys.readouterr().out
    first, second = (printed[: len(printed) // 2], printed[len(printed) // 2 :])
    assert first == second
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in second.splitlines()[2:]]
    assert [row[0] for row in rows] == ["seed 1", "seed 2", "mean ± sd"]
    for _, default, way, taken, best, most in rows[:2]:
        assert float(most) >= max(float(default), float(taken))
        assert (way == best) <= (taken == most)


def test_votes_are_compared_by_the_perplexity_of_grammars_that_learn_from_them(
    tiny_run, text_file, tiny_of, tmp_path, monkeypatch, capsys
):
    grammar = tmp_path / "grammar"
    onlstm_parse.train(text_file, grammar, **tiny_of("neural-pcfg"))
    options = ("--members", tiny_run, text_file, "--grammars", grammar, "--out", tmp_path / "votes")
    options += ("--seeds", 1, "--sentences", 30, "--epochs", 1, "--size", "tiny")
    run(SCRIPTS / "compare_votes", text_file, *options, monkeypatch=monkeypatch)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if "perplexity" in line
    ]
    names = ["all", "both-halves", "grammars"]
    assert [row[0] for row in rows] == names
    for name, row in zip(names, rows, strict=True):
        assert float(row[2]) == pytest.approx(
            best_perplexity(tmp_path / "votes" / f"votes-of-{name}-1"), abs=0.1
        )
    weights = {
        name: [one.weight for one in Run.load(tmp_path / "votes" / f"votes-of-{name}").config.model.members]
        for name in names
    }
    assert weights["both-halves"] == [1, 1]
    assert len(weights["grammars"]) == 1
    # By name, they have learners already. The reference is one of these, so that their agreement is 100.
    named = [tmp_path / "votes" / f"votes-of-{name}" for name in names[::2]]
    learner = tmp_path / "votes" / "votes-of-all-1"
    options = ("--voters", *named, "--reference", learner, *options[5:])
    run(SCRIPTS / "compare_votes", text_file, *options, monkeypatch=monkeypatch)
    again = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if "perplexity" in line or "agreement" in line
    ]
    assert [row[1:] for row in again[::2]] == [row[1:] for row in rows[::2]]
    assert [row[0] for row in again[1::2]] == [row[0] for row in again[::2]]
    assert float(again[1][2]) == 100 >= float(again[3][2])


def test_the_sentences_of_a_treebank_are_taken_out_of_its_text(tmp_path):
    treebank = tmp_path / "gold.mrg"
    treebank.write_text(
        "( (S (NP (DT The) (NNP Xylophone)) (VP (VBD cost) (NP (CD 12))) (. .)) )\n( (S (VB Go)) )\n"
    )
    without = runpy.run_path(str(SCRIPTS / "reproduce_induction"))["without"]
    lines = [" the <unk> cost N ", "the cat cost N", "go", "it cost"]
    assert without(lines, str(treebank)) == ["the cat cost N", "it cost"]


def test_chinese_sentences_are_cut_into_clauses():
    clauses = runpy.run_path(str(SCRIPTS / "reproduce_induction"))["clauses"]
    line = "他說：「我累了，」然後，2015，就走了。slido.com，好的"
    assert clauses(line) == ["他說：", "「我累了，", "」然後，", "就走了。", "好的"]
    assert clauses("，。") == clauses("") == []


def test_brackets_that_cross_a_clause_are_counted():
    script = runpy.run_path(str(SCRIPTS / "count_crossings"))
    crossings, words = script["crossings"], ["he", "came", ",", "she", "left", "."]

    def counted(*spans):
        return crossings(onlstm_parse.Tree.from_spans(words, spans))

    assert counted((0, 2), (3, 5)) == (0, 2)
    assert counted((0, 3), (0, 5)) == (0, 1)  # the whole sentence does not count, nor does punctuation
    assert counted((1, 5), (3, 5)) == (1, 2)
    assert counted((1, 4)) == (1, 1)
    assert crossings(onlstm_parse.Tree.from_spans(words[:4], [(1, 4)])) == (0, 0)  # a clause of one word


def test_crossings_of_parsers(tiny_run, tmp_path, monkeypatch, capsys):
    (tmp_path / "text.txt").write_text("The old dog barked, and Nobody left.\nA cat slept.\n")
    run(SCRIPTS / "count_crossings", tmp_path / "text.txt", tiny_run, monkeypatch=monkeypatch)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[2:]] == [str(tiny_run), "left", "right", "balanced", "random"]
    assert {row[1] for row in rows[2:]} == {"1"}
    assert rows[4][3] == "60.0%"  # of 5 brackets 3 begin inside the first clause and end after it
