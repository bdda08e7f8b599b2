"""Sentences to trees: line for line, the user's own words, whatever the batch."""

import shutil

import nltk
import numpy as np
import pytest
import torch

import onlstm_parse
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.induction import EXPECTATIONS, SPLITTERS
from onlstm_parse.induction.cyk import cyk
from onlstm_parse.induction.expected import expectations
from onlstm_parse.parsers import base, charts, levels
from onlstm_parse.runs import Run
from onlstm_parse.text.vocabulary import EOS_ID
from onlstm_parse.tree import Tree

LINES = [
    "The old dog barked , and left .",
    "",
    "dog",
    "!!! ...",
    "Zyxomma paradoxum (never seen) costs $1.50 ...",
    "a " * 500,
    "  spaces   between  ",
]


@pytest.fixture(scope="module")
def parser(tiny_run):
    return onlstm_parse.load(tiny_run)


def test_every_line_gives_its_tree(parser):
    trees = list(parser.parse_lines(LINES))
    words = [parser.run.pipeline.encode(line).words for line in LINES]
    assert [tree.leaves() for tree in trees] == [tuple(line) for line in words]
    assert trees[1].brackets() == "(X)"
    assert trees[2].brackets() == "(X dog)"
    assert len(trees[5].leaves()) == 500
    for tree in trees:
        read = nltk.Tree.fromstring(tree.brackets())
        assert len(read.leaves()) == len(tree.leaves())
        assert Tree.from_brackets(tree.brackets()) == tree


def test_levels_stand_beside_the_words_that_the_model_saw(parser):
    tree = parser.parse("The old dog barked, and left.")
    assert [level is None for level in tree.levels] == [word in ",." for word in tree.leaves()]
    assert all(0 <= level <= 1 for level in tree.levels if level is not None)


def test_dropped_words_cross_no_bracket_or_are_left_out(tiny_run, parser):
    without = onlstm_parse.load(tiny_run, keep_dropped=False)
    for line in LINES:
        bare, full = without.parse(line), parser.parse(line)
        kept = [i for i, level in enumerate(full.levels) if level is not None]
        assert bare.leaves() == tuple(full.leaves()[i] for i in kept)
        brackets = {(kept[a], kept[b - 1]) for a, b, _ in bare.spans() if b - a > 1}
        # The same brackets, but for the whole sentence, which may begin or end with dropped words.
        around = {(a, b - 1) for a, b, _ in full.spans() if b - a > 1}
        assert brackets <= around <= brackets | {(0, len(full.leaves()) - 1)}


def test_batches_and_windows_do_not_matter(parser, monkeypatch):
    expected = list(parser.parse_lines(LINES))
    for module, name, value in (
        (base, "LINES_AT_ONCE", 2),
        (levels, "TOKENS_AT_ONCE", {"cpu": 1}),
        (levels, "STEPS_AT_ONCE", 3),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            found = list(parser.parse_lines(LINES))
        for tree, wanted in zip(found, expected, strict=True):
            assert tree.levels == pytest.approx(wanted.levels, abs=1e-6)


def test_trees_are_what_the_rule_makes_of_the_levels(tiny_run):
    words = ["the", "old", "dog", "barked", "and", "left"]
    for rule, splitter in SPLITTERS.items():
        (tree,) = onlstm_parse.load(tiny_run, rule=rule).parse_words([words])
        assert tree == Tree.from_spans(words, splitter(tree.levels))


WORDS = ["The", "old", "dog", "near", "the", "river", "barked", "and", "Nobody", "slept"]


@pytest.mark.parametrize("rule", SPLITTERS)
def test_each_layer_gives_its_own_tree(tiny_run, rule):
    """The levels come from the model itself: framed by <eos>, the frame's own levels left out."""
    run = Run.load(tiny_run)
    ids = [index for pieces in run.pipeline.encode_words(WORDS).pieces for index in pieces]
    found = run.model(torch.tensor([[EOS_ID], *([index] for index in ids)])).levels[:, 1:, 0]
    trees = []
    for layer in (1, 2, 3):
        (tree,) = onlstm_parse.load(tiny_run, rule=rule, layer=layer).parse_words([WORDS])
        assert tree.levels == pytest.approx(found[layer - 1].tolist(), abs=1e-6)
        assert tree == Tree.from_spans(WORDS, SPLITTERS[rule](found[layer - 1].tolist()))
        trees.append(tree)
    assert len(set(trees)) == 3
    (default,) = onlstm_parse.load(tiny_run, rule=rule).parse_words([WORDS])
    assert default == trees[1]


def test_a_word_of_several_pieces_has_the_level_of_its_first(text_file, tiny, tmp_path):
    onlstm_parse.train([text_file], tmp_path / "run", **tiny, tokeniser="characters", normalisation="none")
    run = Run.load(tmp_path / "run")
    pieces = run.pipeline.encode_words(["我们", "有狗"]).pieces
    assert list(map(len, pieces)) == [2, 2]
    ids = [EOS_ID, *pieces[0], *pieces[1]]
    found = run.model(torch.tensor([[index] for index in ids])).levels[1, 1:, 0].tolist()
    (tree,) = onlstm_parse.load(run).parse_words([["我们", "有狗"]])
    assert tree.levels == pytest.approx([found[0], found[2]], abs=1e-6)


def test_reading_is_lazy(parser, monkeypatch):
    monkeypatch.setattr(base, "LINES_AT_ONCE", 4)
    seen = []

    def lines():
        for number in range(1000):
            seen.append(number)
            yield "the dog"

    next(parser.parse_lines(lines()))
    assert len(seen) == 4


def test_loss_is_that_of_the_framed_sentence(parser):
    sentences = [parser.run.pipeline.encode(line) for line in LINES]
    together = parser.analyse(sentences, with_loss=True)
    for sentence, analysis in zip(sentences, together, strict=True):
        (alone,) = parser.analyse([sentence], with_loss=True)
        assert alone.loss == pytest.approx(analysis.loss, rel=1e-5)
        assert alone.tokens == 1 + sum(map(len, sentence.pieces))


def test_bad_settings(tiny_run):
    with pytest.raises(UsageError, match="no layer 4; choose one of 1 to 3"):
        onlstm_parse.load(tiny_run, layer=4)
    with pytest.raises(UsageError, match="unknown rule 'tokn'; did you mean token"):
        onlstm_parse.load(tiny_run, rule="tokn")
    with pytest.raises(UsageError, match=r"unknown setting of .* 'laier'; did you mean layer"):
        onlstm_parse.load(tiny_run, laier=3)
    assert onlstm_parse.load(tiny_run, layer=3).layer == 3


def test_a_run_that_moved_still_parses(tiny_run, tmp_path, parser):
    shutil.copytree(tiny_run, tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "elsewhere" / "resume")
    moved = onlstm_parse.load(tmp_path / "elsewhere")
    assert moved.parse(LINES[0]) == parser.parse(LINES[0])


def test_no_run(tmp_path):
    with pytest.raises(OnlstmError, match=r"expected a run folder, found no config.json; make one with"):
        onlstm_parse.load(tmp_path)


@pytest.mark.parametrize("rule", EXPECTATIONS)
def test_an_expected_rule_reads_all_layers(tiny_run, rule):
    (analysis,) = onlstm_parse.load(tiny_run).analyse_words([WORDS])
    mean = np.mean(expectations(rule, [*analysis.levels]), axis=0)
    parser = onlstm_parse.load(tiny_run, rule=rule)
    (tree,) = parser.parse_words([WORDS])
    assert tree == Tree.from_spans(WORDS, cyk(mean[None])[0])
    assert tree.levels == pytest.approx(analysis.levels.mean(axis=0).tolist(), abs=1e-6)
    assert parser.facts() == {"rule": rule, "layer": "all", "levels": "mean"}
    assert parser.facts("gap") == {"rule": "gap", "layer": 2, "levels": "mean"}
    with pytest.raises(
        UsageError, match=f"the rule {rule} reads all layers, found layer 2; leave the layer out"
    ):
        onlstm_parse.load(tiny_run, rule=rule, layer=2)
    with pytest.raises(UsageError, match="reads all layers; leave its layer out"):
        onlstm_parse.average([f"{tiny_run}:layer=1,rule={rule}"], tiny_run.parent / "never")


def test_a_long_sentence_is_read_in_pieces_by_an_expected_rule(tiny_run, monkeypatch):
    monkeypatch.setattr(charts, "LONGEST", 4)
    parser = onlstm_parse.load(tiny_run, rule="expected-gap")
    spans = {span[:2] for span in next(parser.parse_words([WORDS])).spans()}
    assert {(0, 4), (4, 8), (8, 10)} <= spans
