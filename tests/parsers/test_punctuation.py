"""Brackets that punctuation rules out: by definition, in the best tree, and for whole parsers."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.enumerated import all_trees

import onlstm_parse
from onlstm_parse.cli.main import main
from onlstm_parse.parsers.base import Analysis
from onlstm_parse.parsers.charts import best_trees
from onlstm_parse.parsers.punctuation import barred, is_mark
from onlstm_parse.text.pipeline import Encoded

SENTENCE = "When the old dog barks , the cat in the garden runs away ; and the birds ( all of them ) sing ."


def encoded(line):
    """Every word but punctuation is read."""
    words = line.split()
    return Encoded(words, [[] if is_mark(word) or word == "-" else [7] for word in words])


def clauses_of(line):
    """The words of each clause, by their places among the words that are read."""
    places, clauses = iter(range(100)), [set()]
    for word in line.split():
        if is_mark(word):
            clauses.append(set())
        elif word != "-":
            clauses[-1].add(next(places))
    return [clause for clause in clauses if clause]


def cuts(held, clause):
    return 0 < len(held & clause) < len(clause)


@given(st.lists(st.sampled_from(["a", "b", "c", ",", "-", "."]), max_size=14).map(" ".join))
def test_a_barred_span_cuts_the_clause_of_its_first_and_of_its_last_word(line):
    clauses = clauses_of(line)
    n = sum(map(len, clauses))
    table = barred(encoded(line))
    for start in range(n):
        for stop in range(start + 1, n + 1):
            held = set(range(start, stop))
            expected = sum(cuts(held, clause) for clause in clauses) == 2
            assert (table is not None and bool(table[start, stop])) == expected


@pytest.mark.parametrize("line", ["", "a", ", .", "a b c .", "a - b"])
def test_one_clause_bars_nothing(line):
    assert barred(encoded(line)) is None


def test_the_best_tree_of_those_that_are_left():
    table = barred(encoded("a b , c d , e f"))
    allowed = [tree for tree in all_trees(0, 6) if not any(table[span] for span in tree)]
    assert 0 < len(allowed) < len([*all_trees(0, 6)])
    for seed in range(30):
        scores = np.random.default_rng(seed).normal(size=(6, 7))
        (found,) = best_trees([scores], [Analysis([], barred=table)])
        assert sorted(found) == sorted(max(allowed, key=lambda tree: sum(scores[span] for span in tree)))


def test_every_parser_that_chooses_among_all_trees_heeds_it(kinds):
    words = SENTENCE.split()
    for name, settings in kinds.items():
        parser = onlstm_parse.load(name, **settings)
        sentence = parser.reader.encode_words(words)
        table = barred(sentence)
        (analysis,) = parser.analyse([sentence])
        assert not any(table[span] for span in analysis.brackets)
        read = [word for word, pieces in zip(words, sentence.pieces, strict=True) if pieces]
        (bare,) = parser.analyse([parser.reader.encode_words(read)])
        assert bare.barred is None


@pytest.fixture(scope="module")
def kinds(text_file, tiny, tiny_of, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for model in ("on-lstm", "simple-pcfg"):
        onlstm_parse.train([text_file], folder / model, **tiny_of(model))
    onlstm_parse.average([str(folder / "on-lstm"), str(folder / "simple-pcfg"), "right"], folder / "average")
    return {
        str(folder / "on-lstm"): {"rule": "expected-gap"},
        str(folder / "simple-pcfg"): {"rule": "viterbi"},
        str(folder / "average"): {},
        "en": {},
    }


def test_words_keep_their_place_and_clauses_their_words():
    parser = onlstm_parse.load("en")
    line = "We left the house , the old one near the river , and he stayed ."
    tree = parser.parse(line)
    assert " ".join(tree.leaves()) == line
    table = barred(parser.reader.encode_words(tree.leaves()))
    places = [at for at, word in enumerate(tree.leaves()) if not is_mark(word)]
    for start, stop, _ in tree.spans():
        held = [place for place, at in enumerate(places) if start <= at < stop]
        assert not table[held[0], held[-1] + 1]


GOLD = "(S (NP (DT The) (NN dog)) (, ,) (ADVP (RB too)) (, ,) (VP (VBD left) (NP (NN home))) (. .))"


def test_a_treebank_with_its_punctuation(tmp_path, capsys):
    (tmp_path / "gold.mrg").write_text(f"{GOLD}\n")
    parser = onlstm_parse.load("en")
    without = onlstm_parse.evaluate(parser, tmp_path / "gold.mrg")
    shown = onlstm_parse.evaluate(parser, tmp_path / "gold.mrg", with_punctuation=True)
    assert "|shown:all-leaves|" in shown["signature"]
    assert "shown" not in without["signature"]
    assert shown["sentence_f1"] >= without["sentence_f1"]
    assert main(["evaluate", "en", str(tmp_path / "gold.mrg"), "--with-punctuation", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sentence_f1"] == shown["sentence_f1"]


def test_options_that_do_not_go_together(tmp_path, capsys):
    (tmp_path / "text.txt").write_text("a b c\n")
    assert main(["evaluate", "en", str(tmp_path / "text.txt"), "--with-punctuation"]) == 2
    assert "--with-punctuation is for treebanks, found text" in capsys.readouterr().err
    (tmp_path / "gold.mrg").write_text(f"{GOLD}\n")
    options = ["--with-punctuation", "--over-training"]
    assert main(["evaluate", "en", str(tmp_path / "gold.mrg"), *options]) == 2
    assert "found --over-training; leave one of them out" in capsys.readouterr().err
