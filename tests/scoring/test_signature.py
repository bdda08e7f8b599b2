"""Signatures: they name everything that changes a score, and can be explained in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import UsageError
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.metrics import score
from onlstm_parse.scoring.signature import comparable, explain, line, with_trees
from onlstm_parse.tree import Tree
from onlstm_parse.version import VERSION

GOLD = "( (S (NP-SBJ (DT The) (NN dog)) (VP (VBD saw) (NP (DT a) (NN tree)))) (. .))"
TREES = ["(X (X the dog) (X saw (X a tree)))", "(X the (X dog (X saw (X a tree))))"]


def signature(predicted=TREES[0], gold=GOLD, protocol="shen2019", **settings) -> str:
    trees = [Tree.from_brackets(text) for text in (predicted, gold)]
    return score(trees[:1], trees[1:], protocol, **settings).signature


def test_whatever_moves_a_score_moves_its_signature():
    signatures = [signature(protocol=protocol) for protocol in PROTOCOLS]
    signatures += [signature(words=words) for words in ("unicode-words", "no-punctuation")]
    signatures += [signature("(X (X the dog) (X saw a tree) .)", words="none"), signature(max_words=5)]
    signatures += [signature(TREES[1]), signature(gold=GOLD.replace("NP-SBJ", "PP"))]
    signatures += [signature(filters=filters) for filters in ("unaries", "traces,unaries", "length:9")]
    signatures += [signature(extra={"rule": rule}) for rule in "ab"]
    assert len(set(signatures)) == len(signatures)


def test_what_does_not_change_a_score_does_not_change_its_signature():
    assert signature(gold=GOLD.replace(" (", "\n  (")) == signature()
    assert signature(gold=f"(ROOT {GOLD[2:]}") == signature(gold=GOLD)
    assert signature(filters=" traces , unaries") == signature(filters=["traces", "unaries"])


def test_everything_is_named():
    parts = dict(part.split(":", 1) for part in signature(max_words=9).split("|")[2:])
    expected = "punctuation words max n skipped long short bare gold trees"
    assert list(parts) == expected.split()
    assert [parts[name] for name in expected.split()[:4]] == ["dropped", "penn-words", "9", "1"]


def test_scores_are_comparable_where_only_the_trees_differ():
    assert comparable(signature(TREES[0]), signature(TREES[1]))
    assert not comparable(signature(), signature(protocol="strict"))
    assert with_trees(signature(), "left").endswith("|trees:left")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_is_explained(protocol):
    text = explain(signature(protocol=protocol, extra={"rule": "gap", "layer": 2, "mood": "good"}))
    for clause in ("a protocol of its own", "This is version"):
        assert clause not in text
    for clause in ("penn-words", "any length", "gap rule", "layer 2", "mood was good", "1 sentences"):
        assert clause in text
    assert "This is version" in explain(signature().replace(f"v{VERSION}", "v0.0.1"))


@given(value=st.text(st.characters(blacklist_categories=["Cs", "Zl", "Zp", "Cc"]), max_size=9))
def test_no_value_can_pass_for_another_part(value):
    made = line("strict", {"rule": value, "n": 1})
    assert made.count("|") == 3
    assert f"levels were split by the {value} rule" in explain(made)


@pytest.mark.parametrize("text", ["", "strict", "strict|0.1", "strict|v0.1.0|words", "strct|v0.1.0|n:1"])
def test_what_is_no_signature(text):
    with pytest.raises(UsageError, match=r"expected PROTOCOL\|vVERSION|unknown protocol"):
        explain(text)
