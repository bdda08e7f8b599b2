"""Scores: the published programs' figures, and what must hold under every protocol."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.gold import prepare_gold
from onlstm_parse.scoring.metrics import score
from onlstm_parse.scoring.trivial import baselines
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.filters import bare_label, composed
from onlstm_parse.treebanks.reading import read_treebank


def tree(text: str) -> Tree:
    return Tree.from_brackets(text)


def random_trees(seed: int, lengths: list[int]) -> list[Tree]:
    rng = Random(seed)
    return [Tree.from_spans([f"w{i}" for i in range(n)], TRIVIAL_PARSERS["random"](n, rng)) for n in lengths]


def right_branching(words) -> Tree:
    return Tree.from_spans(words, TRIVIAL_PARSERS["right"](len(words)))


LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=6).filter(lambda lengths: max(lengths) > 2)
GOLD = [
    tree("( (S (NP-SBJ (DT The) (NN dog)) (VP (VBD paid) (NP ($ $) (CD 1,200.5) (-NONE- *U*)))) (. .))"),
    tree("( (S (`` ``) (-NONE- *) (. .)))"),
    tree("( (S (NP (DT the) (NN dog) (-LRB- -LRB-)) (VP (VBZ barks))))"),
]
PREDICTED = [tree("(X (X The dog) (X paid 1,200.5))"), tree("(X the (X dog barks))")]


# -- published figures ---------------------------------------------------


@pytest.fixture(scope="module")
def published(golden):
    return json.loads((golden / "scoring.json").read_text("utf-8"))


@pytest.mark.parametrize("protocol", ["shen2019", "kim2019"])
def test_every_published_case(published, protocol):
    cases = [case for case in published["cases"] if case.get(protocol)]
    assert len(cases) == published["totals"][f"{protocol}_sentences"]
    for case in cases:
        found = score([tree(case["pred"])], [tree(case["gold"])], protocol)
        assert found.sentence_f1 / 100 == pytest.approx(case[protocol]["f1"], abs=1e-15)
        if protocol == "shen2019":
            assert found.sentence_precision / 100 == pytest.approx(case[protocol]["p"], abs=1e-15)
            assert found.sentence_recall / 100 == pytest.approx(case[protocol]["r"], abs=1e-15)
        else:
            tp, fp, fn = (case[protocol][key] for key in ("tp", "fp", "fn"))
            assert found.corpus_precision == pytest.approx(100 * tp / max(tp + fp, 1))
            assert found.corpus_recall == pytest.approx(100 * tp / max(tp + fn, 1))


@pytest.mark.parametrize("with_gaps", [False, True])
def test_published_totals(published, with_gaps):
    cases, totals = published["cases"], published["totals"]
    gold = [tree(case["gold"]) for case in cases]
    predicted = [tree(case["pred"] or "(X )") for case in cases if case["pred"] or with_gaps]
    shen, kim, evalb = (score(predicted, gold, name) for name in ("shen2019", "kim2019", "evalb"))
    assert (shen.sentences, kim.sentences, evalb.sentences) == (145, 136, 136)
    assert "|skipped:1|" in shen.signature
    assert shen.sentence_f1 / 100 == pytest.approx(totals["shen2019_sentence_f1"], abs=1e-14)
    assert kim.sentence_f1 / 100 == pytest.approx(totals["kim2019_sentence_f1"], abs=1e-14)
    assert kim.corpus_f1 / 100 == pytest.approx(totals["kim2019_corpus_f1"], abs=1e-14)
    figures = {
        "Bracketing Recall": evalb.corpus_recall,
        "Bracketing Precision": evalb.corpus_precision,
        "Bracketing FMeasure": evalb.corpus_f1,
        "Complete match": evalb.complete_match,
        "Average crossing": evalb.average_crossing,
    }
    for name, figure in totals["evalb_unlabelled_collins"].items():
        assert figures[name] == pytest.approx(figure, abs=0.00501)


@pytest.fixture(scope="module")
def wsj(real_corpora):
    return prepare_gold([gold.tree for gold in read_treebank(real_corpora / "wsj-sample")])


@pytest.mark.parametrize(
    ("protocol", "parser", "sentences", "sentence_f1", "corpus_f1"),
    [
        ("shen2019", "right", 3914, 39.91, None),
        ("shen2019", "left", 3914, 8.63, None),
        ("kim2019", "right", 3901, 39.61, 35.75),
        ("kim2019", "left", 3901, 8.27, 6.36),
    ],
)
def test_known_figures_of_the_wsj_sample(wsj, protocol, parser, sentences, sentence_f1, corpus_f1):
    parse = TRIVIAL_PARSERS[parser]
    predicted = [Tree.from_spans(gold.words, parse(len(gold.words), Random(0))) for gold in wsj.sentences]
    found = score(predicted, wsj, protocol)
    assert found.sentences == sentences
    assert round(found.sentence_f1, 2) == sentence_f1
    assert corpus_f1 is None or round(found.corpus_f1, 2) == corpus_f1
    low, high = found.confidence_95
    assert low < found.sentence_f1 < high


def test_baselines_of_the_wsj_sample(wsj):
    found = baselines(wsj)
    assert set(found) == {*TRIVIAL_PARSERS, "ceiling"}
    assert round(found["right"], 2) == 39.91
    assert round(found["left"], 2) == 8.63
    assert found["random-levels-token"]["mean"] == pytest.approx(20.5, abs=0.3)
    assert found["random-levels-gap"]["mean"] == pytest.approx(found["random"]["mean"], abs=0.5)
    assert 0 < found["random"]["sd"] < 0.6
    assert found == baselines(wsj)


# -- every protocol ------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestEveryProtocol:
    @given(seed=st.integers(0, 99), lengths=LENGTHS)
    @settings(deadline=None, max_examples=20)
    def test_perfect_trees_score_100(self, protocol, seed, lengths):
        trees = random_trees(seed, lengths)
        found = score(trees, trees, protocol, words="none")
        assert found.sentence_f1 == pytest.approx(100, abs=1e-5)
        assert found.corpus_f1 == found.complete_match == 100
        assert found.sentences + found.unscored == len(trees)

    @given(seed=st.integers(0, 99), lengths=LENGTHS)
    @settings(deadline=None, max_examples=20)
    def test_swapping_swaps_precision_and_recall(self, protocol, seed, lengths):
        ones, others = random_trees(seed, lengths), random_trees(seed + 1, lengths)
        there, back = score(ones, others, protocol, words="none"), score(others, ones, protocol, words="none")
        assert there.sentence_f1 == pytest.approx(back.sentence_f1)
        assert there.corpus_f1 == pytest.approx(back.corpus_f1)
        assert there.corpus_precision == pytest.approx(back.corpus_recall)

    def test_json_holds_what_is_promised(self, protocol):
        report = score(PREDICTED, GOLD, protocol).to_json()
        promised = "signature protocol sentences sentence_f1 sentence_precision sentence_recall corpus_f1"
        assert {*promised.split(), "confidence_95", "by_label", "by_length"} <= set(report)
        assert json.loads(json.dumps(report))["protocol"] == protocol
        assert set(report["by_length"]) == {"<=10", "<=20", "<=40", "all"}
        assert report["by_length"]["all"]["sentence_f1"] == report["sentence_f1"]

    def test_baselines_are_scored_alike(self, protocol):
        gold = prepare_gold(GOLD)
        right = [right_branching(one.words) for one in gold.sentences]
        assert baselines(gold, protocol)["right"] == score(right, gold, protocol).sentence_f1

    def test_depth_is_no_limit(self, protocol):
        right = right_branching(["w"] * 5000)
        assert score([right], [right], protocol, words="none").corpus_f1 == 100


def test_strict_counts_sentences_without_gold_brackets_apart():
    gold = list(map(tree, ["(S (NN a) (NN b))", "(S (NN a) (NN b) (NN c))", "(S (NN a) (NP (NN b) (NN c)))"]))
    predicted = list(map(tree, ["(X a b)", "(X a (X b c))", "(X (X a b) c)"]))
    strict, shen = score(predicted, gold, "strict"), score(predicted, gold, "shen2019")
    assert (strict.sentences, strict.unscored, strict.sentence_f1) == (1, 2, 0)
    assert shen.sentence_f1 == pytest.approx(100 / 3, abs=1e-5)
    with pytest.raises(OnlstmError, match="no sentence is left to score under strict"):
        score(predicted[:1], gold[:1], "strict")


# -- labels, lengths, signature ------------------------------------------


def test_labels_without_function_tags():
    found = score(PREDICTED, GOLD, "shen2019").by_label
    assert found == {"NP": {"recall": 50.0, "count": 2}, "VP": {"recall": 100.0, "count": 1}}
    labels = {"NP-SBJ-1": "NP", "NP=2": "NP", "-NONE-": "-NONE-", "V‧的": "V‧的", "": ""}
    assert {label: bare_label(label) for label in labels} == labels


def test_a_length_limit():
    gold = prepare_gold(GOLD, max_words=3)
    assert [one.number for one in gold.sentences] == [3]
    for predicted in (PREDICTED, PREDICTED[1:], [PREDICTED[0], Tree("X", []), PREDICTED[1]]):
        found = score(predicted, GOLD, max_words=3)
        assert found.sentences == 1
        assert "|max:3|n:1|skipped:1|" in found.signature
    with pytest.raises(UsageError, match="length limit of 1"):
        prepare_gold(GOLD, max_words=0)


def test_the_signature_follows_what_moves_a_score():
    base = score(PREDICTED, GOLD).signature
    assert base.startswith("shen2019|v")
    others = [
        score(PREDICTED, GOLD, "kim2019").signature,
        score(PREDICTED, GOLD, words="unicode-words").signature,
        score(PREDICTED, GOLD, max_words=9).signature,
        score(PREDICTED, GOLD, extra={"rule": "token", "layer": 2}).signature,
        score(PREDICTED, [GOLD[0], tree("(. .)"), GOLD[2]]).signature,
    ]
    assert len({base, *others}) == 6
    assert "|rule:token|layer:2|" in others[3]
    assert score(PREDICTED, prepare_gold(GOLD)).signature == base


def test_trees_as_a_treebank_gives_them(tmp_path):
    for name, trees in ("gold", GOLD), ("predicted", PREDICTED):
        (tmp_path / name).write_text("\n".join(map(str, trees)))
    found = score(read_treebank(tmp_path / "predicted"), read_treebank(tmp_path / "gold"))
    assert found == score(PREDICTED, GOLD)


# -- alignment -----------------------------------------------------------


def test_a_prediction_over_all_leaves_is_filtered_alike():
    with_punctuation = tree("(X (X (X the dog) (X paid (X $ 1,200.5))) .)")
    bare = tree("(X (X the dog) (X paid 1,200.5))")
    for protocol in PROTOCOLS:
        one, other = score([with_punctuation], GOLD[:1], protocol), score([bare], GOLD[:1], protocol)
        assert one.sentence_f1 == other.sentence_f1 or protocol == "kim2019"  # it counts root chains


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("words", ["penn-words", "no-punctuation", "none"])
def test_gold_trees_score_100_with_whatever_is_in_them(protocol, words):
    found = score(GOLD, GOLD, protocol, words=words)
    assert found.corpus_f1 == found.complete_match == 100
    assert found.sentence_f1 == pytest.approx(100, abs=1e-5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("filters", ["unaries", "traces,punctuation", "roots,function-tags,length:4"])
def test_filters_score_as_trees_that_were_filtered_before(protocol, filters):
    """Predictions cover the words that count; a sentence that a filter drops may have one."""
    apply = composed(filters)
    left = [(apply(gold), one) for gold, one in zip(GOLD[::2], PREDICTED, strict=True)]
    golds, needed = zip(*(pair for pair in left if pair[0]), strict=True)
    wanted = score(needed, golds, protocol)
    for predicted in (PREDICTED, needed):
        found = score(predicted, GOLD[::2], protocol, filters=filters)
        assert replace(found, signature="", left_out={}) == replace(wanted, signature="", left_out={})
        assert found.left_out["filtered"] == 2 - len(golds)


def test_a_filter_drops_the_same_leaves_from_predictions():
    gold = tree("(S (NP (POS ') (NN a)) (VP (VB b) ('' ') (NN a)))")
    predicted = [tree("(X (X ' a) (X b ' a))"), tree("(X (X ' a) (X b a))")]
    for one in predicted:
        found = score([one], [gold], "evalb", words="none", filters="punctuation:tags")
        assert (found.corpus_f1, found.complete_match) == (100, 100)


def test_a_prediction_with_marks_that_gold_has_not():
    gold = tree("(S (NP (NN 大樹)) (VP (VC 是) (NP (NN 木) (NN 頭))))")
    predicted = tree("(X (X 「 大樹 」) (X 是 (X 木 頭)) 。)")
    assert score([predicted], [gold], words="unicode-words").complete_match == 100


@pytest.mark.parametrize(
    "words",
    ["the dog paid N", "THE DOG PAID 1,200.5", "The <unk> paid N,N.N", "the dog <unk> 9"],
)
def test_words_as_language_models_write_them(words):
    assert score([Tree("X", words.split())], GOLD[:1]).sentences == 1


def test_escaped_brackets_are_the_same_word():
    gold = [Tree("NP", [Tree("NN", ["-LRB-"]), Tree("NN", ["\\/"])])]
    assert score([Tree("X", ["(", "\\/"])], gold).sentences == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("the cat paid N", "in sentence 1, word 2: expected 'dog', found 'cat'; expected 'The dog paid"),
        ("the dog paid", "word 4: expected '1,200.5', found the end"),
        ("the dog paid N today", "word 5: expected the end, found 'today'"),
        ("the dog paid X N", "word 4: expected '1,200.5', found 'X'"),
    ],
)
def test_other_words_are_an_error(words, problem):
    with pytest.raises(OnlstmError) as caught:
        score([Tree("X", words.split())], GOLD[:1])
    assert problem in str(caught.value)


def test_another_number_of_trees_is_an_error():
    with pytest.raises(OnlstmError, match=r"expected 3 predicted trees, .*found 1 \(|found 1"):
        score(PREDICTED[:1], GOLD)


def test_a_filter_of_another_treebank_is_an_error():
    chinese = [tree("(S (Nhaa 我們) (VP (VC1 住在) (Nca 台灣)))")] * 10
    with pytest.raises(UsageError, match=r"keeps only 0 of the treebank's 30 leaves.*--words unicode-words"):
        prepare_gold(chinese, "penn-words")
    assert len(prepare_gold(chinese, "unicode-words").sentences) == 10
    with pytest.raises(UsageError, match="did you mean penn-words"):
        prepare_gold(chinese, "penn-word")


def test_an_unknown_protocol_names_the_near_one():
    with pytest.raises(UsageError, match="did you mean kim2019"):
        score(PREDICTED, GOLD, "kim2018")
