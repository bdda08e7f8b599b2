"""What every kind of parser promises; a new kind is covered by a line in `PARSERS`."""

import subprocess
import sys

import numpy as np
import pytest

import onlstm_parse
from onlstm_parse.errors import UsageError
from onlstm_parse.parsers import base, charts
from onlstm_parse.parsers.average import AverageParser
from onlstm_parse.parsers.trivial import TrivialParser
from onlstm_parse.tree import Tree

PARSERS = {
    "language-model": lambda runs, **settings: onlstm_parse.load(runs("on-lstm"), **settings),
    "expected rule": lambda runs, **settings: onlstm_parse.load(
        runs("on-lstm"), **{"rule": "expected-token", **settings}
    ),
    "masked": lambda runs, **settings: onlstm_parse.load(runs("on-lstm-bidirectional"), **settings),
    "grammar": lambda runs, **settings: onlstm_parse.load(runs("simple-pcfg"), **settings),
    "bound": lambda runs, **settings: onlstm_parse.load(runs("compound-pcfg"), **settings),
    "span-parser": lambda runs, **settings: onlstm_parse.load(runs("span-parser"), **settings),
    "average": lambda runs, **settings: onlstm_parse.load(runs("average"), **settings),
    "right": lambda runs, **settings: TrivialParser("right"),
    "random": lambda runs, **settings: TrivialParser("random", seed=3),
}
SENTENCES = [
    ["The", "old", "dog", "barked", "and", "left"],
    [],
    ["dog"],
    ["Nobody", "slept"],
    ["Zyxomma", "(", "never", "seen", ")"],
    ["a"] * 120,
    ["did", "n't", "see", "1.5", "houses"],
]


@pytest.fixture(scope="session")
def runs(text_file, tiny_of, tmp_path_factory):
    """The folder of a hardly trained run of a model."""
    folders = {}

    def run(model):
        if model in folders:
            return folders[model]
        folders[model] = tmp_path_factory.mktemp("kinds") / model
        if model == "average":
            members = [str(run("on-lstm")), f"{run('on-lstm')}:layer=3,rule=gap", str(run("simple-pcfg"))]
            onlstm_parse.average([*members, "right=0.5"], folders[model])
        elif model == "span-parser":
            onlstm_parse.distil(run("on-lstm"), text_file, folders[model], size="tiny", epochs=1)
        else:
            onlstm_parse.train([text_file], folders[model], **tiny_of(model))
        return folders[model]

    return run


@pytest.fixture(params=PARSERS)
def make(request, runs, monkeypatch):
    if request.param == "bound":  # rules for all pairs of children are slow in long sentences
        monkeypatch.setattr(charts, "LONGEST", 30)
    return lambda **settings: PARSERS[request.param](runs, **settings)


def test_words_and_order_are_kept(make):
    sentences = [*SENTENCES, ["a"] * 500]
    trees = list(make().parse_words(sentences))
    assert [tree.leaves() for tree in trees] == [tuple(words) for words in sentences]
    assert trees[1].brackets() == "(X)"
    assert trees[2].brackets() == "(X dog)"
    for tree in trees:
        assert Tree.from_brackets(tree.brackets()) == tree


def test_votes_are_one_in_the_mean_of_the_brackets_of_its_tree(make):
    """An average takes the tree with the most votes."""
    parser = make()
    sentences = [parser.reader.encode_words(words) for words in SENTENCES]
    for analysis, votes in zip(parser.analyse(sentences), make().votes(sentences), strict=True):
        n = len(votes)
        assert votes.shape == (n, n + 1)
        own = [votes[span] for span in analysis.brackets if span != (0, n)]
        if isinstance(parser, AverageParser):
            right_branching = sum(votes[start, n] for start in range(1, n - 1))
            assert (votes >= 0).all()
            assert sum(own) >= right_branching - 1e-9
        elif own:
            assert np.mean(own) == pytest.approx(1)


@pytest.mark.parametrize("given", [None, ["The", "dog"], b"The dog"])
def test_a_sentence_is_a_string(make, given):
    with pytest.raises(UsageError, match=f"found {type(given).__name__}; parse_words takes"):
        make().parse(given)


def test_lines_are_cut_into_words(make):
    lines = [" ".join(words) for words in SENTENCES[:4]]
    assert [tree.leaves() for tree in make().parse_lines(lines)] == [tuple(words) for words in SENTENCES[:4]]


def test_batches_change_no_tree(make, monkeypatch):
    expected = list(make().parse_words(SENTENCES))
    monkeypatch.setattr(base, "LINES_AT_ONCE", 2)
    assert list(make().parse_words(SENTENCES)) == expected
    if not isinstance(make(), TrivialParser):
        parser = make()
        assert [next(parser.parse_words([words])) for words in SENTENCES] == expected


def test_analyses_say_what_the_kind_has(make):
    parser = make()
    analyses = parser.analyse_words(SENTENCES, with_loss=True)
    assert len(analyses) == len(SENTENCES)
    for words, analysis in zip(SENTENCES, analyses, strict=True):
        read = sum(map(bool, parser.reader.encode_words(words).pieces))
        assert all(0 <= start < stop - 1 < read for start, stop in analysis.brackets)
        assert len(set(analysis.brackets)) == len(analysis.brackets)
        assert (analysis.levels is None) == (parser.layers == 0)
        if analysis.levels is not None:
            assert analysis.levels.shape == (parser.layers, read)
        assert (analysis.loss is None) == (parser.objective is None)
        assert analysis.loss is None or analysis.tokens > 0
        if analysis.scores is not None:
            assert analysis.scores.shape == (read, read + 1)


def test_losses_are_those_of_analyses(make, monkeypatch):
    monkeypatch.setattr(charts, "LONGEST", 3)
    parser = make()
    sentences = [parser.reader.encode_words(words[:20]) for words in (*SENTENCES, SENTENCES[0])]
    if parser.objective is None:
        with pytest.raises(UsageError, match="trees but no likelihood"):
            parser.losses(sentences)
        return
    expected = [analysis.loss for analysis in parser.analyse(sentences, with_loss=True)]
    assert parser.losses(sentences) == pytest.approx(expected, rel=1e-4)


def test_an_analysis_has_no_more_than_is_asked_for(make):
    parser = make()
    encoded = [parser.reader.encode_words(words) for words in SENTENCES]
    own, all_layers, with_loss = (
        parser.analyse(encoded, **what) for what in ({}, {"all_layers": True}, {"with_loss": True})
    )
    assert all(analysis.loss is None for analysis in own + all_layers)
    if parser.layers:
        assert [analysis.brackets for analysis in own] == [analysis.brackets for analysis in all_layers]
        read = 2 if parser.layer else 3
        assert [len(one[0].levels) for one in (own, all_layers, with_loss)] == [read, 3, 3]
        assert all((with_loss[0].levels == all_layers[0].levels).flatten())


def test_ways_are_all_layers_and_rules_or_those_asked_for(make):
    parser = make()
    of_one_layer = ["token", "gap"] if parser.layers else []
    of_all = [(None, rule) for rule in parser.rules if rule not in of_one_layer]
    assert parser.ways() == [*((layer, rule) for layer in (1, 2, 3) for rule in of_one_layer), *of_all]
    assert parser.ways(layer=2) == [(2, rule) for rule in of_one_layer]
    assert [way for rule in parser.rules for way in parser.ways(rule=rule)] == sorted(
        parser.ways(), key=lambda way: [*parser.rules].index(way[1])
    )


def test_trees_hold_the_brackets_of_the_analysis(make):
    parser = make(keep_dropped=False)
    encoded = [parser.reader.encode_words(words) for words in SENTENCES]
    for sentence, analysis in zip(encoded, parser.analyse(encoded), strict=True):
        tree = parser.tree(sentence, analysis)
        whole = {(0, len(tree.leaves()))} if len(tree.leaves()) > 1 else set()
        assert {(start, stop) for start, stop, _ in tree.spans()} == set(analysis.brackets) | whole


def test_every_rule_and_layer_gives_its_own_tree(make):
    parser = make()
    sentence = parser.reader.encode_words(SENTENCES[0])
    (analysis,) = parser.analyse([sentence], all_layers=True)
    for layer, rule in parser.ways() if parser.layers else []:
        (alone,) = make(rule=rule, layer=layer).parse_words([SENTENCES[0]])
        assert parser.tree(sentence, analysis, rule, layer) == alone


def test_a_tree_says_how_sure_the_parser_is_of_each_bracket(make):
    parser = make()
    if not parser.knows_probabilities(parser.rule):
        parser.confidence = 0.5
        assert next(parser.parse_words(SENTENCES)).confidence is None
        assert "confidence" not in parser.facts()
        return
    plain = list(parser.parse_words(SENTENCES))
    encoded = [parser.reader.encode_words(words) for words in SENTENCES]
    analyses = parser.analyse(encoded, all_layers=True)
    expected = parser.expectations(analyses, parser.rule, parser.layer)
    parser.confidence = 0
    trees = list(parser.parse_words(SENTENCES))
    assert trees == plain
    for tree, sentence, analysis, probabilities in zip(trees, encoded, analyses, expected, strict=True):
        kept = [place for place, pieces in enumerate(sentence.pieces) if pieces]
        known = {(kept[i], kept[j - 1] + 1): probabilities[i, j] for i, j in analysis.brackets}
        for (start, stop, _), sure in zip(tree.spans(), tree.confidences(), strict=True):
            assert 0 <= sure <= 1 + 1e-6
            whole = (start, stop) == (0, len(tree.leaves()))
            assert sure == pytest.approx(1 if whole else min(known[start, stop], 1))
    parser.confidence = 0.6
    assert list(parser.parse_words(SENTENCES)) == [tree.surer(0.6) for tree in trees]
    assert parser.facts()["confidence"] == 0.6


def test_a_confidence_that_cannot_be_is_refused(runs):
    with pytest.raises(UsageError, match="a confidence is from 0 to 1, found 2"):
        onlstm_parse.load(runs("simple-pcfg"), confidence=2)
    problem = (
        "the rule token gives trees, and no probabilities; choose the rule expected-token or expected-gap"
    )
    with pytest.raises(UsageError, match=problem):
        onlstm_parse.load(runs("on-lstm"), confidence=0.5)
    with pytest.raises(UsageError, match="the rule viterbi gives trees"):
        onlstm_parse.load(runs("simple-pcfg"), rule="viterbi", confidence=0.5)


def test_probabilities_of_a_long_sentence_are_those_of_its_parts(make, monkeypatch):
    monkeypatch.setattr(charts, "LONGEST", 4)
    parser = make()
    if not parser.knows_probabilities(parser.rule):
        pytest.skip("gives trees only")
    words = ["Nobody", "saw", "the", "dog", "and", "the", "cat", "left", "here"]
    (analysis,) = parser.analyse([parser.reader.encode_words(words)], all_layers=True)
    (found,) = parser.expectations([analysis], parser.rule, parser.layer)
    if isinstance(parser, AverageParser):
        return
    assert found.shape == (9, 10)
    crossing = [found[i, j] for i in range(9) for j in range(i + 2, 10) if i // 4 != (j - 1) // 4]
    assert max(crossing) == 0
    assert found[0, 4] == pytest.approx(1, abs=1e-4)


def test_evaluation_takes_every_kind(make, tmp_path):
    gold = tmp_path / "gold.mrg"
    gold.write_text(
        "(S (NP (DT The) (JJ old) (NN dog)) (VP (VBD barked)))\n(S (NP (NN Nobody)) (VP (VBD left)))"
    )
    parser = make()
    report = onlstm_parse.evaluate(parser, gold, protocol="kim2019")
    assert list(report["by_rule"]) == list(parser.rules)
    assert report["sentence_f1"] == report["by_rule"][parser.rule]
    assert f"|rule:{parser.rule}|" in report["signature"]
    assert ("perplexity" in report) == (parser.objective is not None)
    trees = [sentence.tree for sentence in onlstm_parse.read_treebank(gold)]
    predicted = list(parser.parse_words(tree.leaves() for tree in trees))
    assert onlstm_parse.score(predicted, trees, protocol="kim2019").sentence_f1 == report["sentence_f1"]


def test_an_unknown_trivial_parser():
    with pytest.raises(UsageError, match="unknown parser 'rihgt'; did you mean right"):
        TrivialParser("rihgt")


def test_reading_is_lazy(make, monkeypatch):
    monkeypatch.setattr(base, "LINES_AT_ONCE", 4)
    seen = []

    def sentences():
        for number in range(1000):
            seen.append(number)
            yield ["the", "dog"]

    next(make().parse_words(sentences()))
    assert len(seen) == 4


def test_trivial_parsers_need_no_torch():
    program = (
        "import sys; from onlstm_parse.parsers.trivial import TrivialParser; "
        "print(TrivialParser('right').parse('a b c')); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "(X a (X b c))\n")


@pytest.mark.parametrize("model", ["simple-pcfg", "compound-pcfg"])
@pytest.mark.parametrize("rule", ["expected", "viterbi"])
def test_a_grammar_reads_one_word_alone(model, rule, runs):
    parser = onlstm_parse.load(runs(model), rule=rule)
    assert [tree.brackets() for tree in parser.parse_words([["dog"]])] == ["(X dog)"]
