"""The notation of grammars: its meaning, and one clear line for each error."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from onlstm_parse.corpora.grammar import MAX_DEPTH, Grammar
from onlstm_parse.errors import FormatError, OnlstmError


def grammar(text: str) -> Grammar:
    return Grammar(text.splitlines(), "my.grammar")


def test_features_agree_and_leave_no_trace():
    source = grammar(
        "@feature n sg pl\nS -> NP[n] VP[n]\nNP[sg] = dog\nNP[pl] = dogs\nVP[sg] = barks\nVP[pl] = bark"
    )
    trees = {str(source.sample(Random(seed))) for seed in range(30)}
    assert trees == {"(S (NP Dog) (VP barks))", "(S (NP Dogs) (VP bark))"}


def test_weights_and_chances_are_kept():
    source = grammar("S -> 3 A B?.25 | C\nA = a\nB = b\nC = c")
    rng = Random(1)
    counts = Counter(" ".join(source.sample(rng).leaves()).lower() for _ in range(8000))
    assert counts["c"] / 8000 == pytest.approx(0.25, abs=0.02)
    assert counts["a b"] / (counts["a"] + counts["a b"]) == pytest.approx(0.25, abs=0.02)


def test_a_free_feature_shares_out_its_weight():
    source = grammar("@feature n x y z\nS -> A[n] | B\nA[x] = a\nA[y] = a\nA[z] = a\nB = b")
    rng = Random(1)
    counts = Counter(source.sample(rng).leaves() for _ in range(4000))
    assert counts["B",] / 4000 == pytest.approx(0.5, abs=0.03)


def test_words_follow_zipf():
    source = grammar("@text joined\nS -> X\nX = w1 w2 w3 w4")
    rng = Random(1)
    counts = Counter(source.sample(rng).leaves()[0] for _ in range(9000))
    assert counts["w1"] / counts["w3"] == pytest.approx(4 / 2, rel=0.15)


def test_underscored_symbols_make_no_bracket():
    assert str(grammar("_top -> S\nS -> _x C\n_x -> A B\nA = a\nB = b\nC = c").sample(Random(1))) == (
        "(S (A A) (B b) (C c))"
    )


def test_vowel_rule_and_attached_marks():
    source = grammar(
        "@vowel a an\nS -> D N P V M , D A N .\n"
        "D = a\nN = old\nP = 's\nV = does\nM = n't\nA = big\n. = .\n, = ,"
    )
    tree = source.sample(Random(1))
    assert source.text(tree) == "An old's doesn't, a big old."


def test_comments_continuations_and_byte_order_mark(tmp_path):
    file = tmp_path / "x.grammar"
    file.write_text("\ufeff# first\nS -> A\n   | B  # second\n\nA = a#1\n  a2\nB = b\n", encoding="utf-8")
    source = Grammar.load(file)
    assert source.words["A"] == ["a#1", "a2"]
    assert len(source.rules["S"]) == 2


def test_recursion_is_bounded():
    source = grammar("S -> 2 S S | 3 A\nA = a")
    for seed in range(20):
        tree = source.sample(Random(seed))
        assert len(tree.leaves()) <= 40
        assert tree.brackets().count("(S") <= 80


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("S NP VP", 1, "found 'S NP VP'"),
        ("S ->", 1, "expected SYMBOL ->"),
        ("S -> A\nA =", 2, "expected SYMBOL"),
        ("S -> A |\nA = a", 1, "can be empty"),
        ("S -> | A\nA = a", 1, "can be empty"),
        ("S -> A?.5\nA = a", 1, "can be empty"),
        ("S -> 0 A\nA = a", 1, "no weight"),
        ("S -> A?2\nA = a", 1, "found 'A?2'"),
        ("S -> A[\nA = a", 1, "found 'A['"),
        ("S -> A\n\nA = a\nA = b", 4, "A = b"),
        ("S -> A\nA = a\n@text sideways", 3, "@text sideways"),
        ("S -> A\nA = a\n@colour red blue", 3, "@colour"),
        ("S -> A\n  | NPP\nA = a\nNP = x", 2, "NPP is never defined; did you mean NP?"),
        ("S -> A | B\nA = a\nB -> B B", 3, "B never ends in words"),
        ("S -> A\nA = a\nB -> A", 3, "B is never reached from S"),
        ("S -> A\nA = a\nA -> A", 3, "both rules and a word list"),
        ("S -> A\nA = a\nB = b", None, "B is never reached"),
        ("", None, "found none"),
        ("A = a", None, "A is never reached from a rule"),
    ],
)
def test_mistakes_are_located(text, line, words):
    with pytest.raises(FormatError) as caught:
        grammar(text)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert str(caught.value).startswith("my.grammar")
    assert "\n" not in str(caught.value)


def test_too_deep_and_too_long():
    deep = "\n".join(f"S{k} -> S{k + 1}" for k in range(MAX_DEPTH)) + f"\nS{MAX_DEPTH} = a"
    with pytest.raises(FormatError, match="deep"):
        grammar(deep)
    with pytest.raises(FormatError, match="longer than 40"):
        grammar("S -> " + "A " * 41 + "\nA = a").sample(Random(1))


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "x.grammar").write_bytes(b"S -> A\nA = caf\xe9\n")
    with pytest.raises(OnlstmError, match=r"x\.grammar:2:8: expected UTF-8 text, found byte 0xe9"):
        Grammar.load(tmp_path / "x.grammar")
