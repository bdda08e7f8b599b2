"""The tree: its notation, spans and construction, on drawn and real trees."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.brackets import read_flat
from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.tree import Tree, read_trees
from onlstm_parse.treebanks.reading import read_treebank

TOKENS = st.one_of(
    st.sampled_from(
        ["(", ")", "a(b)c", "1/2", "a b", "\\/", "-NONE-", "*T*-1", "的", "‧", "''", "\u00a0", "#", "|"]
    ),
    st.sampled_from(
        [
            "",
            "\n",
            "\t\r",
            "-LRB-",
            "a-LRB-",
            "-LRB(",
            "-U+002D-",
            "-lrb-",
            "-EMPTY-",
            "-SPACE-RRB ",
            ";",
            "%",
        ]
    ),
    st.text(st.sampled_from("-()LRBSPACE U+0\n"), max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
LABELS = st.sampled_from(["X", "NP-SBJ", "N‧的", "S", "", "$(", "-LRB-", "a b"])
TREES = st.recursive(
    st.builds(lambda word: Tree("NN", [word]), TOKENS),
    lambda trees: st.builds(Tree, LABELS, st.lists(st.one_of(trees, TOKENS), min_size=1, max_size=4)),
    max_leaves=12,
)


def deep(depth: int) -> Tree:
    tree = Tree("X", ["w", "w"])
    for _ in range(depth):
        tree = Tree("X", ["w", tree])
    return tree


@given(TREES)
def test_brackets_are_read_back(tree):
    again = Tree.from_brackets(tree.brackets())
    assert again == tree
    assert hash(again) == hash(tree)
    assert again.leaves() == tree.leaves()
    assert again.spans() == tree.spans()
    assert [flat for flat, _ in read_flat([tree.brackets()])] == [tree.flat()]


@given(TREES)
@settings(deadline=None)  # the first import takes its time
def test_nltk_and_back(tree):
    assert Tree.from_nltk(tree.to_nltk()) == tree


@pytest.mark.parametrize(("name", "n_trees"), [("wsj-sample", 3914), ("gum", 11799), ("sinica", 8000)])
def test_every_real_tree_is_read_back(real_corpora, name, n_trees):
    trees = [gold.tree for gold in read_treebank(real_corpora / name)]
    assert len(trees) == n_trees
    lines = [tree.brackets() for tree in trees]
    assert [tree for tree, _ in read_trees(lines)] == trees
    assert [flat for flat, _ in read_flat(lines)] == [tree.flat() for tree in trees]


@given(TREES)
def test_spans_nest_and_the_widest_comes_last(tree):
    spans = tree.spans()
    for one in spans:
        for two in spans:
            assert not one.start < two.start < one.stop < two.stop
    if spans:
        assert spans[-1][:2] == (0, len(tree.leaves()))
    assert all(inner.stop <= outer.stop for inner, outer in pairwise(spans))


@given(st.sets(st.integers(1, 9)), st.integers(10, 12))
def test_from_spans_gives_the_spans(stops, n_words):
    spans = [(0, stop) for stop in stops]
    tree = Tree.from_spans([str(i) for i in range(n_words)], spans)
    assert {span[:2] for span in tree.spans()} == {span for span in spans if span[1] > 1} | {(0, n_words)}
    assert tree.leaves() == tuple(map(str, range(n_words)))


def test_from_spans_refuses_crossing_ones():
    with pytest.raises(ValueError, match="cross"):
        Tree.from_spans("abcd", [(0, 2), (1, 3)])


def test_a_single_word_and_labels_of_spans():
    assert Tree.from_spans(["dog"], [(0, 1)]).brackets() == "(X dog)"
    tree = Tree.from_brackets("(S (NP (DT the) (NN dog)) (VP (VBZ barks)))")
    assert tree.tagged() == [("the", "DT"), ("dog", "NN"), ("barks", "VBZ")]
    assert [tuple(span) for span in tree.spans()] == [(0, 2, "NP"), (2, 3, "VP"), (0, 3, "S")]


def broken_up(text: str) -> list[str]:
    """The same tree over as many lines as there are brackets and words."""
    return text.replace("(", "\n(\n").replace(")", "\n)\n").replace(" ", "\n").split("\n")


@given(TREES)
def test_a_tree_over_many_lines(tree):
    lines = broken_up(tree.brackets())
    assert [found for found, _ in read_trees(lines)] == [tree]
    assert [flat for flat, _ in read_flat(lines)] == [tree.flat()]


def test_depth_is_no_limit():
    tree = deep(10_000)
    assert Tree.from_brackets(tree.brackets()) == tree
    assert [found for found, _ in read_trees(broken_up(tree.brackets()))] == [tree]
    assert len(tree.spans()) == 10_001
    assert Tree.from_spans(tree.leaves(), [span[:2] for span in tree.spans()]) == tree
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert hash(copy.deepcopy(tree)) == hash(tree)


@pytest.mark.parametrize("n_children", [1, 1_000])
def test_a_million_leaves(n_children):
    parts = [Tree("NP", [Tree("NN", [f"w{i}"])] * (1_000_000 // n_children)) for i in range(n_children)]
    tree = Tree("S", parts)
    text = tree.brackets()
    assert next(read_trees([text]))[0].flat() == tree.flat()
    assert next(read_flat([text]))[0] == tree.flat()
    assert len(tree.leaves()) == 1_000_000
    assert len(tree.spans()) == n_children + 1


@pytest.mark.parametrize(
    ("text", "trees"),
    [
        ("(X a) (X b)(X c)", [("(X a)", 1), ("(X b)", 1), ("(X c)", 1)]),
        ("(X a\n) (\n\nX b) (X\nc)", [("(X a)", 1), ("(X b)", 2), ("(X c)", 4)]),
        ("\n(\n(S (NN a\n)\nb))", [("( (S (NN a) b))", 2)]),
        ("( ( S ( NN  a ) ) )", [("( (S (NN a)))", 1)]),
        ("*x*x*x*\n%% no\n ; (no\n# no\n(X ; % #)\n(X\n; b)", [("(X ; % #)", 5), ("(X ; b)", 6)]),
        ("(S (-LRB- -LRB-) (X a\\/b -LSB- *T*-1))", [("(S (-LRB- -LRB-) (X a\\/b -LSB- *T*-1))", 1)]),
        ("(S (-lrb- -lrb-) dog (-rrb- -rrb-))", [("(S (-LRB- -LRB-) dog (-RRB- -RRB-))", 1)]),
        ("(S the (NN dog) ())", [("(S the (NN dog) ())", 1)]),
        ("", []),
    ],
)
def test_brackets_in_the_wild(text, trees):
    lines = text.split("\n")
    assert [(tree.brackets(), line) for tree, line in read_trees(lines)] == trees
    assert [line for _, line in read_flat(lines)] == [line for _, line in trees]


def test_a_tree_does_not_change_and_keeps_its_levels():
    tree = Tree("X", ["a", "b"], levels=[0.5, None])
    with pytest.raises(AttributeError, match="immutable"):
        tree.label = "Y"
    assert copy.deepcopy(tree).levels == (0.5, None)


def test_confidences_belong_to_brackets_and_are_kept():
    spans = {(1, 3): 0.25, (0, 3): 0.75}
    tree = Tree.from_spans(["a", "b", "c", "d"], spans, confidences=spans)
    assert tree.spans() == [(1, 3, "X"), (0, 3, "X"), (0, 4, "X")]
    assert tree.confidences() == copy.deepcopy(tree).confidences() == [0.25, 0.75, 1.0]
    assert tree.children[0].confidence == 0.75


@pytest.mark.parametrize(
    ("least", "brackets"),
    [
        (0, "(X (X a (X b c)) d)"),
        (0.25, "(X (X a (X b c)) d)"),
        (0.3, "(X (X a b c) d)"),
        (0.8, "(X a b c d)"),
        (1, "(X a b c d)"),
    ],
)
def test_a_surer_tree_has_fewer_brackets(least, brackets):
    spans = {(1, 3): 0.25, (0, 3): 0.75}
    tree = Tree.from_spans(["a", "b", "c", "d"], spans, levels=[0.1, 0.2, 0.3, 0.4], confidences=spans)
    assert tree.surer(least).brackets() == brackets
    assert tree.surer(least).levels == tree.levels
    assert tree.surer(least).surer(least).confidences() == tree.surer(least).confidences()


def test_a_tree_without_confidences_says_so():
    with pytest.raises(UsageError, match="no confidences; load its parser with confidence=0"):
        Tree("X", ["a", "b"]).surer(0.5)
    assert Tree.from_spans([], [], confidences={}).confidences() == []
    assert Tree.from_spans(["a"], [], confidences={}).confidences() == []


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("(S (NP dog)\n(VP barks)", "f:1:1", "1 of the tree's brackets never close"),
        ("(S dog))", "f:1:8", "a ')' that closes nothing"),
        ("(S dog)\n barks", "f:2:2", "'barks' outside any bracket"),
        ("(S dog) (S\n cat) barks", "f:2:7", "'barks' outside any bracket"),
        ("(S\n(NN\ndog))\n )", "f:4:2", "a ')' that closes nothing"),
        ("(S dog) (S cat", "f:1:9", "1 of the tree's brackets never close"),
        ("(S dog) (\n(S cat)", "f:1:9", "1 of the tree's brackets never close"),
        ("(S a) (S\nb) (S (X c)\n(X d)", "f:2:4", "1 of the tree's brackets never close"),
        ("(S " + "(NN dog) " * 20_000 + ")) (S", "f:1:180005", "a ')' that closes nothing"),
    ],
)
def test_unbalanced_brackets_say_where(text, place, problem):
    for read in (read_trees, read_flat):
        with pytest.raises(FormatError) as caught:
            list(read(text.split("\n"), "f"))
        assert str(caught.value).startswith(f"{place}: ")
        assert problem in str(caught.value)


def test_one_tree_is_expected():
    with pytest.raises(FormatError, match="expected one tree, found 2"):
        Tree.from_brackets("(X a) (X b)")


@given(st.text(st.sampled_from("() \nab-"), max_size=40))
def test_any_text_is_read_or_explained(text):
    try:
        for tree, line in read_trees(text.split("\n"), "f"):
            assert line >= 1
            tree.spans()
    except FormatError as error:
        assert (error.line, error.column) >= (1, 1)  # noqa: PT017
