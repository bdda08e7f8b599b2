"""A run against treebanks: by name, by path, with the filter that suits them."""

import pytest

import onlstm_parse
from onlstm_parse.errors import OnlstmError


@pytest.mark.parametrize(
    ("name", "words"), [("synthetic-english", "penn-words"), ("synthetic-chinese", "unicode-words")]
)
def test_a_corpus_brings_its_word_filter(tiny_run, name, words):
    report = onlstm_parse.evaluate(onlstm_parse.load(tiny_run), name, protocol="strict", max_words=6)
    assert f"words:{words}|max:6|rule:token|layer:2|levels:mean" in report["signature"]
    assert report["sentences"] > 50
    assert set(report["by_rule"]) == {"token", "gap", "expected-token", "expected-gap"}
    assert report["sentence_f1"] == report["by_rule"]["token"]
    assert report["signature_by_rule"]["token"] == report["signature"]
    assert "|rule:gap|" in report["signature_by_rule"]["gap"]
    assert {"left", "right", "balanced", "random"} <= set(report["baselines"])


def test_rule_layer_and_levels_are_in_the_signature(tiny_run):
    reports = [
        onlstm_parse.evaluate(onlstm_parse.load(tiny_run, **settings), "synthetic-english", max_words=6)
        for settings in ({}, {"rule": "gap"}, {"layer": 1}, {"levels": "argmax"})
    ]
    assert len({report["signature"] for report in reports}) == 4
    assert reports[1]["sentence_f1"] == reports[0]["by_rule"]["gap"]


def test_filters_of_the_gold_trees(tiny_run):
    parser = onlstm_parse.load(tiny_run)
    report = onlstm_parse.evaluate(parser, "synthetic-english", filters="length:6", protocol="shen2019")
    assert "|filters:length:6|" in report["signature"]
    assert report["sentences"] + report["left_out"]["filtered"] + report["left_out"]["skipped"] > 50


def test_a_filter_that_does_not_suit_is_told(tiny_run):
    parser = onlstm_parse.load(tiny_run)
    with pytest.raises(OnlstmError, match="try --words unicode-words"):
        onlstm_parse.evaluate(parser, "synthetic-chinese", words="penn-words")
