"""Filters and word filters: a contract for every name, and what each does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import Flat
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import FILTERS, WORD_FILTERS
from onlstm_parse.treebanks.filters import bare_label, composed, prune, unwrap
from onlstm_parse.treebanks.reading import read_treebank
from onlstm_parse.treebanks.words import no_punctuation_marks

PRETERMINALS = st.builds(
    lambda tag, word: Tree(tag, [word]),
    st.sampled_from(["NN", "-NONE-", ".", "PU", "$(", "PUNCT"]),
    st.sampled_from(["dog", "*T*-1", ".", "。", "%", "—", "(", "树"]),
)
TREES = st.recursive(
    PRETERMINALS,
    lambda trees: st.builds(
        Tree,
        st.sampled_from(["NP-SBJ-1", "VP", "", "ROOT", "X=2"]),
        st.lists(st.one_of(trees, st.just("bare"), st.just("，")), min_size=1, max_size=4),
    ),
    max_leaves=10,
)
SPECIAL = Tree.from_brackets(
    "( (S (NP-SBJ (-NONE- *)) (VP (VBD paid) (NP=1 ($ $) (CD 1,200) (-NONE- *U*))"
    " (PRN (: --) (FW 好) (SYM ●))) (. .)))"
)
KEPT = {
    "penn-words": "( (S (VP (VBD paid) (NP=1 (CD 1,200)) (PRN (FW 好) (SYM ●)))))",
    "unicode-words": "( (S (VP (VBD paid) (NP=1 (CD 1,200)) (PRN (FW 好)))))",
    "none": "( (S (VP (VBD paid) (NP=1 ($ $) (CD 1,200)) (PRN (: --) (FW 好) (SYM ●))) (. .)))",
}
KEPT |= dict.fromkeys(
    ["no-punctuation", "no-punctuation-tags", "no-punctuation-marks"],
    "( (S (VP (VBD paid) (NP=1 ($ $) (CD 1,200)) (PRN (FW 好) (SYM ●)))))",
)
ARGUMENTS = {"words": "penn-words", "length": "2-40"}  # of the filters that need one


def deep(depth: int) -> Tree:
    tree = Tree("NP", [Tree("NN", ["w"])])
    for _ in range(depth):
        tree = Tree("NP", [Tree(".", ["."]), Tree("NP-SBJ", [tree])])
    return tree


@pytest.mark.parametrize("words", WORD_FILTERS)
class TestEveryWordFilter:
    def test_keeps_words_and_no_empty_phrase(self, words):
        if words in KEPT:
            assert composed(f"words:{words}")(SPECIAL).brackets() == KEPT[words]
        assert "-NONE-" not in composed(f"words:{words}")(SPECIAL).brackets()

    def test_a_tree_of_empty_elements(self, words):
        assert composed(f"words:{words}")(Tree.from_brackets("( (X (-NONE- *)))")) is None


@pytest.mark.parametrize("name", [f"{name}:{ARGUMENTS.get(name, '')}".rstrip(":") for name in FILTERS])
class TestEveryFilter:
    @given(tree=TREES)
    def test_a_second_time_changes_nothing(self, name, tree):
        once = composed(name)(tree)
        assert once is None or composed(f"{name},{name}")(tree) == composed(name)(once) == once

    @given(tree=TREES)
    def test_what_is_left_was_there(self, name, tree):
        left = composed(name)(tree)
        if left is not None:
            words = iter(tree.leaves())
            assert all(word in words for word in left.leaves())  # a subsequence
            assert len(left.spans()) <= len(tree.spans())

    def test_depth_is_no_limit(self, name):
        tree = composed(name.replace("-40", "-40000"))(deep(10_000))
        assert tree.leaves()[-1] == "w"

    def test_unknown_arguments_are_refused(self, name):
        with pytest.raises(UsageError):
            composed(f"{name.partition(':')[0]}:never")


@given(TREES)
def test_flat_trees_are_filtered_alike(tree):
    keep = [len(word) % 2 == 0 for word in tree.leaves()]
    left = prune(tree, keep)
    assert tree.flat().pruned(keep) == (left.flat() if left else Flat([], [], [], [], []))
    assert tree.flat().unwrapped() == unwrap(tree).flat()


@pytest.mark.parametrize("name", ["wsj-sample", "gum"])
def test_flat_trees_of_corpora_are_filtered_alike(real_corpora, name):
    is_word = WORD_FILTERS["penn-words"]
    for gold in read_treebank(real_corpora / name):
        keep = [is_word(word, tag) for word, tag in gold.tree.tagged()]
        left = prune(unwrap(gold.tree), keep)
        assert gold.tree.flat().unwrapped().pruned(keep) == (
            left.flat() if left else Flat([], [], [], [], [])
        )


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ("traces", KEPT["none"]),
        ("roots,traces,punctuation", KEPT["no-punctuation"][2:-1]),
        ("words:penn-words,function-tags", KEPT["penn-words"].replace("=1", "")),
        (
            " traces , unaries ",
            "(S (VP (VBD paid) (NP=1 ($ $) (CD 1,200)) (PRN (: --) (FW 好) (SYM ●))) (. .))",
        ),
        ("punctuation:tags,length:5", KEPT["no-punctuation"]),
        ("punctuation:marks,length:4", None),
        ("", SPECIAL.brackets()),
    ],
)
def test_filters_one_behind_another(names, left):
    for wanted in (names, names.split(",")):
        found = composed(wanted)(SPECIAL)
        assert (found and found.brackets()) == left


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("trace", "unknown filter 'trace'; did you mean traces"),
        ("words:pen-words", "unknown word filter 'pen-words'; did you mean penn-words"),
        ("length", "expected length:MOST or length:LEAST-MOST, found 'length:'"),
        ("unaries:2", "the filter unaries takes no argument, found '2'"),
    ],
)
def test_what_cannot_be_meant(names, problem):
    with pytest.raises(UsageError) as caught:
        composed(names)
    assert problem in str(caught.value)


def test_punctuation_by_its_marks():
    chinese = "， 。 、 ； ： ？ ！ “ ” ‘ ’ （ ） 《 》 〈 〉 【 】 「 」 『 』 … …… — —— ～ · ‧"
    marks = f"{chinese} . , `` '' -- ( ) ; ¿ « » । ؟"
    assert [mark for mark in marks.split() if no_punctuation_marks(mark, None)] == []
    words = "% ％ $ & @ 3 ○ 的 1,200 n't C++ ● http://"
    assert [word for word in words.split() if not no_punctuation_marks(word, None)] == []


def test_unary_chains_keep_the_highest_label():
    tree = Tree.from_brackets("(ROOT (S (VP (NP (NP (NN dog))))))")
    assert composed("unaries")(tree).brackets() == "(S (NN dog))"


@pytest.mark.parametrize(
    ("label", "bare"), [("NP-SBJ-1", "NP"), ("NP=2", "NP"), ("-NONE-", "-NONE-"), ("", ""), ("N‧的", "N‧的")]
)
def test_labels_without_functions(label, bare):
    assert bare_label(label) == bare


@pytest.mark.parametrize(
    ("tree", "unwrapped"),
    [
        ("( (S (NN a) (NN b)))", "(S (NN a) (NN b))"),
        ("(ROOT (S (NN a) (NN b)))", "(S (NN a) (NN b))"),
        ("(TOP ( (S (NN a) (NN b))))", "(S (NN a) (NN b))"),
        ("( (NP (NN a)) (. .))", "(X (NP (NN a)) (. .))"),
        ("(ROOT (NN a))", "(NN a)"),
        ("(ROOT a)", "(ROOT a)"),
        ("(S (S (NN a)))", "(S (S (NN a)))"),
    ],
)
def test_roots(tree, unwrapped):
    assert unwrap(Tree.from_brackets(tree)).brackets() == unwrapped
