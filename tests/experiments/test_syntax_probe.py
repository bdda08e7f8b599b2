"""Minimal pairs: reading them, judging them by a model that is known, and the published table."""

import gzip
import math
import re
from collections import Counter

import pytest
import torch

import onlstm_parse
from onlstm_parse.display.probes import syntax_table
from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.experiments import syntax_probe
from onlstm_parse.experiments.minimal_pairs import Pair, read_pairs
from onlstm_parse.experiments.published_syntax import ROWS
from onlstm_parse.experiments.syntax_probe import probe_syntax
from onlstm_parse.models.likelihoods import LIKELIHOODS
from onlstm_parse.runs import Run
from onlstm_parse.training import progress

PAIRS = [
    Pair("the dog barked", "the dog slept", "simple_agrmt", "sing"),
    Pair("the dog slept", "the dog barked", "simple_agrmt", "plur"),
    Pair("a cat barked", "barked a cat", "npi_across_anim", "past/intrusive"),
    Pair("a cat barked", "a skater barked", "npi_across_anim", "past/bare"),
]


@pytest.fixture
def likes_barking(tiny_run):
    """A parser whose model gives `barked` twice the probability of every other word."""
    run = Run.load(tiny_run)
    with torch.no_grad():
        run.model.embedding.weight.zero_()
        run.model.bias.zero_()
        run.model.bias[run.pipeline.vocabulary.index("barked")] = math.log(2)
    return onlstm_parse.load(run)


def test_a_model_that_is_known(likes_barking):
    report = probe_syntax(likes_barking, PAIRS)
    simple = report["by_phenomenon"]["simple_agrmt"]
    assert (simple["pairs"], simple["accuracy"], simple["ties"]) == (2, 50.0, 0)
    assert report["by_condition"]["simple_agrmt/sing"]["accuracy"] == 100.0
    assert report["by_condition"]["simple_agrmt/plur"]["accuracy"] == 0.0
    across = report["by_phenomenon"]["npi_across_anim"]
    assert (across["pairs"], across["accuracy"], across["ties"], across["unigram"]) == (1, 50.0, 1, 50.0)
    assert across["unknown"] == {**across["unknown"], "pairs": 1, "accuracy": 50.0, "ties": 1}
    assert (report["pairs"], report["accuracy"], report["unknown"]["pairs"]) == (3, 50.0, 1)


def test_the_unigram_model_knows_the_order_of_words_by_frequency(likes_barking):
    vocabulary = likes_barking.reader.vocabulary
    frequent, rare = vocabulary[2], vocabulary[-1]
    report = probe_syntax(likes_barking, [Pair(f"the {frequent}", f"the {rare}"), Pair(rare, frequent)])
    assert report["unigram"] == 50.0
    assert probe_syntax(likes_barking, [Pair(frequent, rare)])["unigram"] == 100.0
    assert probe_syntax(likes_barking, [Pair(frequent, f"{rare} {frequent}")])["unigram"] == 100.0


def test_rows_of_the_published_table(likes_barking):
    report = probe_syntax(likes_barking, PAIRS)
    rows = {row["row"]: row for row in report["published"]}
    assert list(rows) == [
        "agreement: simple",
        "negative polarity: across a clause, against intrusive",
        "negative polarity: across a clause, against ungrammatical",
    ]
    assert (rows["agreement: simple"]["on_lstm"], rows["agreement: simple"]["lstm"]) == (99, 100)
    assert rows["negative polarity: across a clause, against ungrammatical"]["accuracy"] is None
    table = syntax_table(report)
    assert "by likelihood" in table
    assert "their ON-LSTM" in table


def test_pairs_that_nobody_published(likes_barking):
    report = probe_syntax(likes_barking, [Pair("the dog barked", "the dog slept")])
    assert (report["published"], list(report["by_condition"])) == ([], ["pairs"])
    assert "their ON-LSTM" not in syntax_table(report)


@pytest.mark.parametrize(
    ("model", "settings", "objective"),
    [
        ("on-lstm-bidirectional", {}, "masked"),
        ("on-lstm", {"tokeniser": "sentencepiece", "pieces": 60}, "causal"),
        ("compound-pcfg", {}, "bound"),
    ],
)
def test_masked_models_pieces_and_bounds(model, settings, objective, text_file, tiny_of, tmp_path):
    run = onlstm_parse.train([text_file], tmp_path / "run", **tiny_of(model), **settings)
    parser = onlstm_parse.load(run)
    report = probe_syntax(parser, PAIRS[:2])
    right, wrong = (
        analysis.loss
        for analysis in parser.analyse([run.pipeline.encode(one) for one in PAIRS[0][:2]], with_loss=True)
    )
    assert report["objective"] == objective
    assert report["by_condition"]["simple_agrmt/sing"]["accuracy"] == (100.0 if right < wrong else 0.0)
    assert f"by {LIKELIHOODS[objective].probability}" in syntax_table(report)


def test_progress_of_many_pairs_is_told_and_changes_nothing(likes_barking, monkeypatch, capfd):
    expected = probe_syntax(likes_barking, PAIRS)
    assert probe_syntax(likes_barking, PAIRS, quiet=False) == expected
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(syntax_probe, "LINES_AT_ONCE", 3)
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    assert probe_syntax(likes_barking, PAIRS, quiet=False) == expected
    said = capfd.readouterr().err
    assert re.fullmatch(r" 60%  3 of 5 sentences, 00:\d\d left\n100%  5 of 5 sentences, 00:00 left\n", said)


def test_files_of_pairs(tmp_path):
    path = tmp_path / "pairs.tsv.gz"
    lines = [
        "phenomenon\tcondition\tgrammatical\tungrammatical",
        "agr\tsing\ta b\ta c",
        "",
        "d\te",
        "x\tf\tg",
    ]
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    assert read_pairs(path) == [Pair("a b", "a c", "agr", "sing"), Pair("d", "e"), Pair("f", "g", "x")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a\tb\nthe dog\n",
            r"tsv:2: expected two sentences parted by a tab, found one: 'the dog'; a line is",
        ),
        ("a\tb\tc\td\te\n", r"tsv:1: expected at most 4 fields, found 5"),
        ("x\ty\ta b\t\n", r"tsv:1: expected two sentences, found an empty one"),
        ("a b\ta b\n", r"tsv:1: expected two different sentences, found the same twice"),
        ("", r"tsv: expected minimal pairs, found none"),
        ("phenomenon\tcondition\tgrammatical\tungrammatical\n", r"expected minimal pairs, found none"),
    ],
)
def test_files_that_are_not_of_pairs(content, message, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_pairs(path)


def test_a_parser_without_likelihood():
    with pytest.raises(UsageError, match="no likelihood"):
        probe_syntax(onlstm_parse.load("en"), PAIRS)


def test_the_published_pairs(real_corpora):
    """Every phenomenon has a row, and every pair of the sample is in one row."""
    pairs = read_pairs(real_corpora / "syneval" / "pairs.sample.tsv")
    assert len(pairs) == 21388
    rows = Counter(sum(row.has(pair.phenomenon, pair.condition) for row in ROWS) for pair in pairs)
    assert rows == {1: 21388}
    assert {name for row in ROWS for name in row.phenomena} == {pair.phenomenon for pair in pairs}
