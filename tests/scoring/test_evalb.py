"""EVALB's summary of labelled trees: the figures that EVALB prints for trees of these shapes."""

from __future__ import annotations

import pytest

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.flat import Flat
from onlstm_parse.scoring.evalb import Parameters, labelled_summary, read_parameters
from onlstm_parse.tree import Tree

GOLD = "(S (NP (PRP they)) (VP (VBD saw) (NP (DT a) (NN dog))))"
CLAUSES = "(NP (PRP they)) (VP (VBD saw) (NP (DT a) (NN dog)))"
# Prediction -> matched, gold, predicted and crossing brackets, right tags; the rows of EVALB's own sample.
PREDICTED = {
    GOLD: (4, 4, 4, 0, 4),
    "(S (NP (PRP they)) (VP (VBD saw) (PP (DT a) (NN dog))))": (3, 4, 4, 0, 4),
    "(S (NP (PRP they)) (VP (VBD saw) (NP (DT a) (JJ dog))))": (4, 4, 4, 0, 3),
    "(S (PP (PRP they)) (VP (VBD saw) (NP (DT a) (JJ dog))))": (3, 4, 4, 0, 3),
    "(S (NP (PRP they)) (VP (VBD saw) (DT a) (NP (NN dog))))": (3, 4, 4, 0, 4),
    "(S (NP (PRP they) (VBD saw)) (NP (DT a) (NN dog)))": (2, 4, 3, 1, 4),
    "(S (PRP they) (VBD saw) (DT a) (NN dog))": (1, 4, 1, 0, 4),
    "(S (NP (PRP they)) (VP (VBD saw) (NP (NP (DT a) (NN dog)))))": (4, 4, 5, 0, 4),
    "(S (NP (PRP they)) (VP (VBD saw) (NP (NP (NP (NP (NP (DT a) (NN dog))))))))": (4, 4, 8, 0, 4),
    "(TOP (S (NP (PRP they)) (VP (VBD saw) (NP (DT a) (NN dog)))))": (4, 4, 4, 0, 4),
    "(S (NP (PRP they)) (VP (VBD saw) (NP (DT a) (NNS dog))))": (4, 4, 4, 0, 4),
    "(S (NP (PRP They)) (VP (VBD saw) (NP (DT a) (NN dog))))": (4, 4, 4, 0, 4),
}
WRONG = [
    "(S (NP (PRP they)) (VP (VBD had) (NP (NP (DT a) (NN dog)))))",
    "(S (NP (PRP they)) (VP (VBD saw) (RB not) (NP (NP (DT a) (NN dog)))))",
    "(S (NP (PRP they)) (NONE *) (VP (VBD saw) (NP (DT a) (NN dog))))",
    "(S (NP (PRP they)) (S (NONE abc) (NP (NONE *))) (VP (VBD saw) (NP (DT a) (NN dog))))",
    "(S (NP (PRP We)) (VP (VBD saw) (NP (DT a) (NN dog))))",
]
LONG = f"(S {' '.join([CLAUSES] * 11)})"
EQUAL = Parameters(same_label={("NN", "NNS")}, same_word={("they", "They")})
SUMMARY = "recall precision complete_match average_crossing no_crossing two_or_less_crossing tagging_accuracy"


def tree(text: str) -> Tree:
    return Tree.from_brackets(text)


@pytest.mark.parametrize(("predicted", "counts"), PREDICTED.items())
def test_every_sentence(predicted, counts):
    matched, gold, given, crossing, tags = counts
    found = labelled_summary([tree(predicted)], [tree(GOLD)], EQUAL)["all"]
    assert found["recall"] == 100 * matched / gold
    assert found["precision"] == 100 * matched / given
    assert found["average_crossing"] == crossing
    assert found["tagging_accuracy"] == 100 * tags / 4


def test_the_summary_that_evalb_prints():
    """Errors, skipped sentences, function tags, empty elements, punctuation and the cutoff length."""
    pairs = [(tree(predicted), tree(GOLD)) for predicted in (*PREDICTED, *WRONG)]
    pairs += [(Tree("S", []), tree(GOLD))] * 2
    words, tags = ["they", "saw", "a", "dog"], ["PRP", "VBD", "DT", "NN"]
    pairs.append((Flat(words, tags, [], [], []), tree(GOLD)))
    tagged = "(S (NP-SBJ-1 (PRP they)) (VP-WHATEVER (VBD saw) (NP (DT a) (NN dog))))"
    pairs.append((tree(GOLD), tree(tagged)))
    pairs.append((tree(LONG), tree(LONG)))
    pairs += [(tree(f"(S {CLAUSES} ({end}))"),) * 2 for end in ("-NONE- *", ": ;")]
    found = labelled_summary(*zip(*pairs, strict=True), EQUAL)
    assert [found["all"][key] for key in ("sentences", "errors", "skipped", "valid")] == [24, 5, 2, 17]
    assert [found["<=40"][key] for key in ("sentences", "errors", "skipped", "valid")] == [23, 5, 2, 16]
    printed = {
        "all": [87.76, 90.53, 52.94, 0.06, 94.12, 100.00, 98.15],
        "<=40": [81.25, 85.25, 50.00, 0.06, 93.75, 100.00, 96.88],
    }
    for group, figures in printed.items():
        assert [round(found[group][key], 2) for key in SUMMARY.split()] == figures


def test_parameter_files(tmp_path):
    file = tmp_path / "own.prm"
    lines = ["# comment", "DEBUG 0", "", "LABELED 0 ", "CUTOFF_LEN 3", "MAX_ERROR 1", "DELETE_LABEL TOP"]
    lines += ["DELETE_LABEL_FOR_LENGTH -NONE-", "EQ_LABEL ADVP PRT", "EQ_WORD a an", "QUOTE_LABEL ''"]
    file.write_text("\n".join(lines))
    found = read_parameters(file)
    assert (found.labelled, found.cutoff, found.max_error, found.delete) == (0, 3, 1, {"TOP"})
    assert (found.same_label, found.same_word, found.quote) == ({("ADVP", "PRT")}, {("a", "an")}, {"''"})
    other = labelled_summary([tree("(S (PP (PRP they)) (VP (VBD saw)))")], [tree(CLAUSE)], found)
    assert other["all"]["recall"] == 100
    assert "<=3" in other
    assert f"parameters:{found.name}" in other["signature"]
    file.write_text("DELETE_LABEL TOP\nDELETE_LABLE X\n")
    with pytest.raises(FormatError, match=r"own.prm:2: expected an EVALB parameter.*known: "):
        read_parameters(file)


CLAUSE = "(S (NP (PRP they)) (VP (VBD saw)))"


QUOTED = "(S (NP (PRP they)) (VP (VBD saw) (NP (NP (DT the) (NNS dogs) ({} ')) ({} ') (NN tail))))"


@pytest.mark.parametrize(
    ("predicted", "gold", "f1", "right_tags"),
    [
        ("POS ''", "'' ''", 100, 5 / 6),  # deleted in gold alone: it stays
        ("'' ''", "POS ''", 100, 5 / 6),
        ("'' ''", "POS POS", 100, 5 / 7),
        ("'' POS", "POS ''", 80, 1),  # as many words on both sides: nothing to repair
        ("'' :", "POS ''", 100, 5 / 6),
    ],
)
def test_quotes_that_one_side_deletes(predicted, gold, f1, right_tags):
    sides = [[tree(QUOTED.format(*tags.split()))] for tags in (predicted, gold)]
    found = labelled_summary(*sides, Parameters(quote={"''", "POS"}))["all"]
    assert (found["errors"], found["f1"]) == (0, f1)
    assert found["tagging_accuracy"] == pytest.approx(100 * right_tags)
    assert labelled_summary(*sides)["all"]["errors"] == (f1 == 100)


def test_words_that_differ_too_often():
    wrong = tree("(S (NP (PRP we)) (VP (VBD saw)))")
    found = labelled_summary([wrong] * 10, [tree(CLAUSE)] * 10)["all"]
    assert (found["errors"], found["f1"]) == (10, 0)
    with pytest.raises(OnlstmError, match=r"differ in 11 sentences.*'they saw', found 'we saw'"):
        labelled_summary([wrong] * 11, [tree(CLAUSE)] * 11)


def test_trees_without_tags_or_partners():
    with pytest.raises(OnlstmError, match="a tag on every leaf"):
        labelled_summary([tree("(X they saw)")], [tree(CLAUSE)])
    with pytest.raises(OnlstmError, match="found 1 predicted ones"):
        labelled_summary([tree(CLAUSE)], [tree(CLAUSE)] * 2)
