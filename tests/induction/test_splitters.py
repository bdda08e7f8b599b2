"""Splitters and trivial parsers: golden trees, a recursive reference, a contract for every name."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import UsageError
from onlstm_parse.induction import SPLITTERS, TRIVIAL_PARSERS
from onlstm_parse.tree import Tree

FEW_HEIGHTS = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=12)  # many ties


def token_reference(levels, words):
    if len(words) == 1:
        return words[0]
    k = levels.index(max(levels))
    tree = words[k]
    if words[k + 1 :]:
        tree = [tree, token_reference(levels[k + 1 :], words[k + 1 :])]
    return [token_reference(levels[:k], words[:k]), tree] if k else tree


def gap_reference(levels, words):
    if len(words) == 1:
        return words[0]
    k = levels[1:].index(max(levels[1:])) + 1
    return [gap_reference(levels[:k], words[:k]), gap_reference(levels[k:], words[k:])]


REFERENCES = {"token": token_reference, "gap": gap_reference}


def nested(words, brackets):
    """The tree as nested lists; a lone word is a string."""
    tree = Tree.from_spans(words, brackets)
    return tree.fold(lambda leaf: leaf, lambda _, children: children if len(words) > 1 else children[0])


@pytest.mark.parametrize("rule", SPLITTERS)
def test_published_trees(golden, rule):
    cases = json.loads((golden / "splits.json").read_text())["cases"]
    assert cases
    for case in cases:
        assert nested(case["tokens"], SPLITTERS[rule](case["levels"])) == case[f"{rule}_rule"]


@pytest.mark.parametrize("rule", SPLITTERS)
@given(levels=FEW_HEIGHTS)
def test_agrees_with_recursion(rule, levels):
    words = [f"w{i}" for i in range(len(levels))]
    assert nested(words, SPLITTERS[rule](levels)) == REFERENCES[rule](levels, words)


def on_random_heights(splitter):
    return lambda n_words, rng: splitter([rng.choice([0.1, 0.2, 0.3]) for _ in range(n_words)])


PARSERS = [*TRIVIAL_PARSERS.items(), *((name, on_random_heights(rule)) for name, rule in SPLITTERS.items())]


@pytest.mark.parametrize(("name", "parser"), PARSERS)
@pytest.mark.parametrize("n_words", [1, 2, 3, 4, 7, 40, 10_000])
def test_every_parser_gives_a_binary_tree(name, parser, n_words):
    brackets = parser(n_words, Random(1))
    assert len(brackets) == len(set(brackets)) == n_words - 1
    tree = Tree.from_spans([str(i) for i in range(n_words)], brackets)
    assert [span[:2] for span in tree.spans()] == brackets if n_words > 1 else brackets == []


@pytest.mark.parametrize("name", [name for name in TRIVIAL_PARSERS if name.startswith("random")])
def test_random_parsers_repeat_from_a_seed(name):
    parser = TRIVIAL_PARSERS[name]
    assert parser(30, Random(3)) == parser(30, Random(3)) != parser(30, Random(4))


@pytest.mark.parametrize("name", ["random", "random-levels-gap"])
def test_every_first_split_is_equally_likely(name):
    rng, parser = Random(0), TRIVIAL_PARSERS[name]
    trees = [parser(3, rng) for _ in range(4000)]
    assert sum((0, 2) in tree for tree in trees) == pytest.approx(2000, abs=150)


def test_levels_that_rise_and_fall_take_linear_work():
    class Counted(list):
        reads = 0

        def __getitem__(self, index):
            Counted.reads += 1
            return super().__getitem__(index)

    for levels in (range(5000), range(5000, 0, -1)):
        Counted.reads = 0
        SPLITTERS["token"](Counted(levels))
        assert Counted.reads < 20_000


def test_unknown_rule_names_the_near_one():
    with pytest.raises(UsageError, match="did you mean token"):
        SPLITTERS["tokens"]
