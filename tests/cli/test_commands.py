"""The commands as a user meets them: what they print, where, and how they end."""

import errno
import json
import os
import subprocess
import sys

import nltk
import pytest

import onlstm_parse
from onlstm_parse import files
from onlstm_parse.cli.main import COMMANDS, HELP
from onlstm_parse.models import CATALOGUE
from onlstm_parse.parsers.base import LINES_AT_ONCE
from onlstm_parse.perplexity import measure_text


def process(*arguments, stdin=b"", **environment):
    return subprocess.run(
        [sys.executable, "-m", "onlstm_parse", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def treebank(tmp_path):
    path = tmp_path / "gold.mrg"
    trees = ["( (S (NP (DT The) (JJ old) (NN dog)) (VP (VBD barked)) (. .)) )"] * 3
    path.write_text("\n".join(trees), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name):
    assert name in HELP
    status, out, _ = command(name, "--help")
    assert status == 0
    assert f"onlstm-parse {name}" in out


def test_help_needs_no_torch():
    code = (
        "import sys, onlstm_parse.cli.main as m\n"
        "for name in m.COMMANDS: m.COMMANDS[name]\n"
        "sys.exit('torch' in sys.modules or 'jieba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_train_parse_evaluate_as_processes(text_file, treebank, tmp_path, tiny):
    """The commands of the README, each in its own process, from another working folder."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in tiny.items()]
    trained = process("train", text_file, "--out", tmp_path / "run", *options)
    assert trained.returncode == 0, trained.stderr
    assert b"validation perplexity" in trained.stderr
    text = "The old dog barked .\n\n一只 狗\n".encode()
    parsed = process("parse", tmp_path / "run", stdin=text, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert parsed.returncode == 0, parsed.stderr
    lines = parsed.stdout.decode().split("\n")
    assert len(lines) == 4
    assert nltk.Tree.fromstring(lines[0]).leaves() == ["The", "old", "dog", "barked", "."]
    assert lines[1] == "(X)"
    assert nltk.Tree.fromstring(lines[2]).leaves() == ["一只", "狗"]
    scored = process("evaluate", tmp_path / "run", treebank, "--json")
    assert scored.returncode == 0, scored.stderr
    report = json.loads(scored.stdout)
    wanted = {"signature", "protocol", "sentences", "sentence_f1", "sentence_precision", "sentence_recall"}
    wanted |= {"corpus_f1", "confidence_95", "by_label", "by_length", "baselines", "perplexity"}
    assert wanted <= set(report)
    assert report["sentences"] == 3
    assert {"left", "right", "balanced", "random"} <= set(report["baselines"])
    assert "rule:token|layer:2" in report["signature"]


def test_formats_of_parse(command, tiny_run):
    for name in ("brackets", "json", "pretty", "svg"):
        status, out, _ = command("parse", tiny_run, "--text", "The dog & the <cat> barked", "--format", name)
        assert status == 0
        if name == "json":
            content = json.loads(out)
            assert (
                len(content["levels"])
                == len(content["words"])
                == len(nltk.Tree.fromstring(content["tree"]).leaves())
            )
        if name == "svg":
            from xml.etree import ElementTree

            texts = ElementTree.fromstring(out).iter("{http://www.w3.org/2000/svg}text")
            words = [node.text for node in texts if node.get("class") == "word"]
            assert words == ["The", "dog", "&", "the", "<", "cat", ">", "barked"]


def test_confidences_of_brackets(command, tiny_run):
    sentence = ("--text", "The dog saw the cat near the house .", "--rule", "expected-token", "--format")
    status, out, _ = command("parse", tiny_run, *sentence, "json", "--confidence", 0)
    spans = json.loads(out)["spans"]
    assert status == 0
    assert len(spans) == 8
    assert spans[-1] == [0, 9, 1.0]
    assert 0 < min(sure for *_, sure in spans) < 1
    least = sorted(sure for *_, sure in spans)[4] - 1e-4  # a tie is unlikely, and kept
    _, out, _ = command("parse", tiny_run, *sentence, "json", "--confidence", least)
    surer = json.loads(out)
    assert surer["spans"] == [span for span in spans if span[-1] > least]
    assert onlstm_parse.Tree.from_brackets(surer["tree"]).spans() == [
        (start, stop, "X") for start, stop, _ in surer["spans"]
    ]
    _, out, _ = command("parse", tiny_run, *sentence, "pretty", "--confidence", 0)
    assert sum("X 0." in line or "X 1.00" in line for line in out.splitlines()) == 7


def test_a_rule_without_probabilities_has_no_confidences(command, tiny_run):
    status, _, err = command("parse", tiny_run, "--text", "The dog barked", "--confidence", 0.5)
    assert status == 2
    assert err == (
        "onlstm-parse: the rule token gives trees, and no probabilities; "
        "choose the rule expected-token or expected-gap\n"
    )


def test_evaluate_shows_what_confidences_give(command, tiny_run, treebank):
    options = ("--rule", "expected-token", "--protocol", "strict")
    status, out, _ = command("evaluate", tiny_run, treebank, *options, "--confidence", 0.5)
    assert status == 0
    assert "confidence of brackets" in out
    assert "|confidence:0.5|" in out
    rates = {}
    for least in (0, 0.5):
        _, out, _ = command("evaluate", tiny_run, treebank, *options, "--confidence", least, "--json")
        rates[least] = json.loads(out)["by_confidence"]
    assert [*rates[0.5]] == [name for name in rates[0] if name != ">=0"]
    assert all(rates[0][name] == row for name, row in rates[0.5].items())
    recalls = [row["corpus_recall"] for row in rates[0].values()]
    assert recalls == sorted(recalls, reverse=True)
    _, out, _ = command("evaluate", tiny_run, treebank, *options, "--json")
    plain = json.loads(out)
    assert "by_confidence" not in plain
    assert plain["corpus_recall"] == recalls[0]


def test_parse_a_file_and_drop_unread_words(command, tiny_run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("The dog , barked .\r\n", encoding="utf-8")
    status, out, _ = command("parse", tiny_run, path, "--drop-unread", "--rule", "gap", "--layer", 1)
    assert status == 0
    assert nltk.Tree.fromstring(out).leaves() == ["The", "dog", "barked"]


def test_jobs_change_no_tree(command, tiny_run, text_file, tmp_path):
    """Nor which trees are printed before a line that cannot be read."""
    lines = text_file.read_bytes() * 22 + b"\none\n" + b"a " * 600 + b"\n"
    path = tmp_path / "text.txt"
    path.write_bytes(lines + b"caf\xe9\n" + b"dog\n" * 3000)
    one, two = (command("parse", tiny_run, path, "--format", "json", "--jobs", n) for n in (1, 2))
    status, out, err = one
    assert status == 1
    assert out.count("\n") == 2 * LINES_AT_ONCE
    assert err.startswith(f"onlstm-parse: {path}:8804:4: expected UTF-8 text, found byte 0xe9")
    assert two == one


def test_evaluate_prints_both_rules_and_trivial_parsers(command, tiny_run, treebank):
    status, out, _ = command("evaluate", tiny_run, treebank, "--protocol", "strict")
    assert status == 0
    for expected in ("right", "balanced", "by the token rule", "by the gap rule", "label", "NP", "strict|v"):
        assert expected in out


def test_evaluate_on_text_is_in_the_precision_of_the_training(command, tiny_run, text_file):
    status, out, _ = command("evaluate", tiny_run, text_file, "--dynamic", "--json")
    report = json.loads(out)
    expected = measure_text(onlstm_parse.load(tiny_run, precision="auto"), text_file, dynamic=0.1)
    assert (status, report) == (0, expected)
    status, out, _ = command("evaluate", tiny_run, text_file, "--as", "text", "--precision", "fp32")
    assert status == 0
    assert "state carried over sentences" in out
    assert "dynamic" not in out


def test_probe_syntax(command, tiny_run, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("simple_agrmt\tsing\tthe old dog barked\tthe old dog left\na cat\ta skater\n")
    status, out, _ = command("probe", "syntax", tiny_run, path)
    assert status == 0
    assert "agreement: simple " in out
    status, out, _ = command("probe", "syntax", tiny_run, path, "--json")
    report = json.loads(out)
    assert (report["pairs"], report["unknown"]["pairs"]) == (1, 1)
    assert list(report["by_phenomenon"]) == ["simple_agrmt", "pairs"]
    assert report["published"][0]["on_lstm"] == 99
    status, out, _ = command("probe")
    assert "syntax RUN [PAIRS]" in out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["train", "{missing}", "--out", "{new}"], 1, "found '"),
        (["train", "{empty}", "--out", "{new}"], 1, "empty file"),
        (["train", "ptb-ml", "--out", "{new}"], 1, "did you mean ptb-lm"),
        (["train", "{text}", "--out", "{new}", "--model", "on-ltsm"], 2, "did you mean on-lstm"),
        (["train", "{text}", "--out", "{new}", "--chunk", "7"], 2, "chunk 7 does not divide embedding 256"),
        (["train", "{text}", "--out", "{new}", "--tokeniser", "jeiba"], 2, "did you mean jieba"),
        (["train", "{text}", "--out", "{new}", "--epochs", "1", "--minutes", "1"], 2, "two budgets"),
        (["train", "{text}", "--out", "{new}", "--size", "smal"], 2, "did you mean small"),
        (["train", "{latin}", "--out", "{new}"], 1, "latin.txt:2:4: expected UTF-8 text, found byte 0xe9"),
        (["train", "{text}", "--out", "{run}"], 1, "continue it with --resume"),
        (
            ["train", "--resume", "--out", "{run}", "--hidden", "32"],
            2,
            "hidden is 16 in the run, 32 was asked for",
        ),
        (["train", "--out", "{new}"], 1, "no text was given"),
        (["parse", "{missing}"], 1, "expected a run folder"),
        (["parse", "{run}", "{missing}"], 1, "no such file"),
        (["parse", "{run}", "--text", "x", "--format", "brakets"], 2, "did you mean brackets"),
        (["parse", "{run}", "--text", "x", "--rule", "tokens"], 2, "did you mean token"),
        (["parse", "{run}", "--text", "x", "--layer", "9"], 2, "choose one of 1 to 3"),
        (["parse", "{run}", "--text", "x", "--jobs", "0"], 2, "one job or more"),
        (["evaluate", "{run}", "{unbalanced}"], 1, "unbalanced.mrg:2:1:"),
        (["evaluate", "{run}", "{gold}", "--protocol", "shen2018"], 2, "did you mean shen2019"),
        (["evaluate", "{run}"], 2, "no treebank or text given"),
        (["evaluate", "{run}", "{empty}"], 1, "empty file"),
        (["evaluate", "{run}", "{gold}", "{text}"], 2, "text.txt is text; evaluate them one by one"),
        (["evaluate", "{run}", "{text}", "--rule", "gap"], 2, "--rule is for treebanks"),
        (["evaluate", "{run}", "{text}", "--as", "trees"], 1, "expected a treebank"),
        (["evaluate", "{run}", "{gold}", "--dynamic"], 2, "--dynamic is for text"),
        (["evaluate", "{run}", "{text}", "--dynamic", "--dynamic-rate", "-1"], 2, "found -1"),
        (["evaluate", "en", "{text}"], 2, "no likelihood of sentences"),
        (["evaluate", "{missing}", "{text}"], 1, "expected a run folder"),
        (["probe", "sintax"], 2, "did you mean syntax"),
        (["probe", "syntax", "{run}", "{text}"], 1, "text.txt:1: expected two sentences parted by a tab"),
        (["probe", "syntax", "{run}", "{empty}"], 1, "expected minimal pairs, found none"),
        (["probe", "syntax", "{run}", "{missing}"], 1, "found '"),
        (["probe", "syntax", "en", "{pairs}"], 2, "no likelihood of sentences"),
        (["score", "{two}", "{gold}"], 1, "found 2"),
        (["socre"], 2, "did you mean score"),
        ([], 2, "no command given"),
    ],
)
def test_bad_input_is_one_clear_line(
    command, tmp_path, text_file, tiny_run, treebank, arguments, status, message
):
    def path(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    places = {
        "missing": tmp_path / "missing",
        "new": tmp_path / "new",
        "empty": path("empty.txt", b""),
        "text": text_file,
        "latin": path("latin.txt", b"one\ncaf\xe9\n"),
        "run": tiny_run,
        "unbalanced": path("unbalanced.mrg", b"(S (NN a))\n(S (NN b)\n"),
        "gold": treebank,
        "pairs": path("pairs.tsv", b"the dog barks\tthe dog bark\n"),
        "two": path("two.txt", b"(X (X The old dog) barked)\n(X (X The old dog) barked)\n"),
    }
    found, out, err = command(*(argument.format(**places) for argument in arguments))
    assert found == status, err
    assert message in err
    assert out == ""
    assert err.startswith("onlstm-parse: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_an_unknown_option_is_wrong_usage(command, tiny_run):
    status, _, err = command("parse", tiny_run, "--txt", "x")
    assert status == 2
    assert "--txt" in err


def test_bad_bytes_can_be_replaced(command, tiny_run, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9 dog\n")
    assert command("parse", tiny_run, path)[0] == 1
    status, out, _ = command("parse", tiny_run, path, "--bad-bytes", "replace")
    assert status == 0
    assert "caf\ufffd" in out


def test_a_full_disk_is_one_line(command, tmp_path, text_file, tiny, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in tiny.items()]
    status, _, err = command("train", text_file, "--out", tmp_path / "run", "--quiet", *options)
    assert status == 1
    assert "No space left on device" in err
    assert err.count("\n") == 1


def test_the_models_and_their_widths(command, text_file, tmp_path, tiny):
    status, out, _ = command("models")
    assert status == 0
    for name, entry in CATALOGUE.items():
        (line,) = [line for line in out.splitlines() if line.startswith(f"{name} ")]
        assert entry.source in line
        assert line.endswith(f"  {'yes' if entry.parallel else 'no ':<8}  {entry.levels}")
    status, out, _ = command("models", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert rows.keys() == CATALOGUE.keys()
    status, out, _ = command("train", "--help")
    assert all(name in out and entry.levels in out for name, entry in CATALOGUE.items())

    settings = ["--size", "tiny", "--model", "gru", "--epochs", "1", "--quiet", "--batch-size", "8"]
    for folder, hidden, width in (
        ("solved", [], rows["gru"]["hidden"]["tiny"]),
        ("asked", ["--hidden", "24"], 24),
    ):
        status, _, err = command("train", str(text_file), "--out", str(tmp_path / folder), *settings, *hidden)
        assert (status, err) == (0, "")
        assert json.loads((tmp_path / folder / "config.json").read_text())["model"]["hidden"] == width
