"""`compare` and `show` as a user meets them when something is wrong, and `show` when nothing is."""

import pytest

COMPARE = ["compare", "{text}", "--treebank", "{gold}", "--out", "{new}", "--size", "tiny"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([*COMPARE, "--models", "lstm,on-ltsm"], 2, "did you mean on-lstm"),
        ([*COMPARE, "--models", ","], 2, "no model was given"),
        ([*COMPARE, "--model", "lstm"], 2, "use --models"),
        ([*COMPARE, "--seed", "3"], 2, "use --seeds"),
        ([*COMPARE, "--minutes", "1", "--tokens", "5"], 2, "--minutes and --tokens are two budgets"),
        ([*COMPARE, "--tokens", "0"], 2, "tokens must be above 0"),
        ([*COMPARE, "--protocol", "stric"], 2, "did you mean strict"),
        ([*COMPARE, "--test", "{new}"], 1, "expected a file, a folder or a corpus"),
        (["compare", "--treebank", "{gold}", "--out", "{new}"], 2, "no text was given"),
        (["compare", "{text}", "--treebank", "{new}", "--out", "{new}"], 1, "expected a file, a folder"),
        (["compare", "{text}", "--treebank", "{bad}", "--out", "{new}"], 1, "bad.mrg:2:1: 1 of the tree's"),
        (["show", "{run}", "--text", "x", "--out", "{new}.pdf"], 2, "unknown kind of picture"),
        (["show", "{run}", "--out", "{new}.svg"], 2, "no sentence was given"),
        (["show", "{run}", "{text}", "--text", "x", "--out", "{new}.svg"], 2, "both a file and --text"),
        (["show", "{run}", "--text", "x", "--layer", "9", "--out", "{new}.svg"], 2, "choose one of 1 to 3"),
        (["show", "{run}", "--text", "x", "--rule", "gpa", "--out", "{new}.svg"], 2, "did you mean gap"),
        (["show", "{run}", "--text", "  ", "--out", "{new}.svg"], 2, "no sentence was given"),
        (["show", "{new}", "--text", "x", "--out", "{new}.svg"], 1, "expected a run folder"),
    ],
)
def test_bad_input_is_one_clear_line(command, tmp_path, text_file, tiny_run, arguments, status, message):
    gold = tmp_path / "gold.mrg"
    gold.write_text("(S (NP (DT The) (NN dog)) (VP (VBD barked)))\n")
    bad = tmp_path / "bad.mrg"
    bad.write_text("(S (NN a))\n(S (NN b)\n")
    places = {"text": text_file, "bad": bad, "run": tiny_run, "gold": gold, "new": tmp_path / "new"}
    found, out, err = command(*(argument.format(**places) for argument in arguments))
    assert found == status, err
    assert message in err
    assert out == ""
    assert err.startswith("onlstm-parse: ")
    assert err.count("\n") == 1
    assert set(tmp_path.iterdir()) == {gold, bad}


def test_show_draws_a_file_up_to_its_limit(command, tiny_run, tmp_path):
    (tmp_path / "text.txt").write_text("The dog barked .\n\nA cat slept .\nNobody barked .\n")
    out = tmp_path / "trees.html"
    status, _, err = command("show", tiny_run, tmp_path / "text.txt", "--out", out, "--limit", "2")
    assert status == 0
    assert "the first 2 sentences are drawn" in err
    page = out.read_text(encoding="utf-8")
    assert "<h2>A cat slept .</h2>" in page
    assert "Nobody" not in page


def test_show_draws_several_sentences(command, tiny_run, tmp_path):
    out = tmp_path / "trees.svg"
    arguments = ["--text", "The dog barked", "A cat slept", "--layer", "2", "--rule", "gap", "--out", out]
    status, _, _ = command("show", tiny_run, *arguments)
    assert status == 0
    assert out.read_text().count("layer 2, gap rule") == 2
