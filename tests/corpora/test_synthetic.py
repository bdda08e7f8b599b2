"""Contract over every built-in grammar, and what is particular to English and Chinese."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from onlstm_parse.corpora import synthetic
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.tree import Tree, read_trees

LANGUAGES = sorted(synthetic.grammars())
PUNCTUATION = {".", ",", "PU"}


@pytest.fixture(scope="module")
def samples() -> dict[str, list[tuple[str, Tree]]]:
    made = {}
    for language in LANGUAGES:
        source, rng = synthetic.grammar(language), Random(7)
        trees = [source.sample(rng) for _ in range(2000)]
        made[language] = [(source.text(tree), tree) for tree in trees]
    return made


def words(tree: Tree) -> list[str]:
    return [word for word, tag in tree.tagged() if tag not in PUNCTUATION]


def test_both_languages_are_there():
    assert {"english", "chinese"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lexicon_and_lengths(language, samples):
    lexicon = {word for words in synthetic.grammar(language).words.values() for word in words}
    assert len(lexicon) >= 300
    lengths = [len(words(tree)) for _, tree in samples[language]]
    assert 10 <= sum(lengths) / len(lengths) <= 14
    assert max(lengths) <= 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_leaf_has_a_tag_and_no_feature_is_left(language, samples):
    for _, tree in samples[language][:500]:
        assert all(tag for _, tag in tree.tagged())
        assert "[" not in str(tree)
        assert "_" not in str(tree)
        assert Tree.from_brackets(str(tree)) == tree


@pytest.mark.parametrize("language", LANGUAGES)
def test_frequencies_are_zipf_like(language, samples):
    counts = Counter(word.lower() for _, tree in samples[language] for word in words(tree)).most_common()
    total = sum(count for _, count in counts)
    assert 0.3 < sum(count for _, count in counts[:20]) / total < 0.7
    assert counts[0][1] > 20 * counts[len(counts) // 2][1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_purely_right_nor_left_branching(language, samples):
    def f1(predicted, gold):
        return 2 * len(predicted & gold) / (len(predicted) + len(gold))

    scores = {"left": [], "right": []}
    for _, tree in samples[language]:
        spans, n = word_spans(tree)
        if spans:
            scores["left"].append(f1({(0, k) for k in range(2, n)}, spans))
            scores["right"].append(f1({(k, n) for k in range(1, n - 1)}, spans))
    for values in scores.values():
        assert 0.1 < sum(values) / len(values) < 0.45


def word_spans(tree: Tree) -> tuple[set[tuple[int, int]], int]:
    before = [0]
    for _, tag in tree.tagged():
        before.append(before[-1] + (tag not in PUNCTUATION))
    n = before[-1]
    spans = {(before[start], before[stop]) for start, stop, _ in tree.spans()}
    return {(a, b) for a, b in spans if 1 < b - a < n}, n


# -- English ---------------------------------------------------------------------


def test_english_text_is_what_the_tokeniser_makes_leaves_of(samples):
    tokenise = pytest.importorskip("nltk.tokenize").NLTKWordTokenizer().tokenize
    for text, tree in samples["english"]:
        assert tuple(tokenise(text)) == tree.leaves()
        assert text[0].isupper() or text[0].isdigit()
        assert text[-1] in ".?"


def test_english_constructions_all_occur(samples):
    seen = Counter(span.label for _, tree in samples["english"] for span in tree.spans())
    assert set(seen) == {"S", "SQ", "NP", "VP", "PP", "SBAR", "WHNP", "ADJP", "ADVP"}
    shapes = Counter()
    for _, tree in samples["english"]:
        for node in tree.postorder():
            if isinstance(node, Tree) and not node.is_preterminal():
                shapes[f"{node.label} > {' '.join(child.label for child in node.children)}"] += 1
    expected = ["NP > NP SBAR", "NP > NP PP", "NP > NP CC NP", "VP > VP CC VP", "VP > VBZ SBAR"]
    expected += ["S > S , CC S .", "S > NP VP", "S > VP"]  # the last: subject relatives
    assert [shape for shape in expected if not shapes[shape]] == []
    assert nests(samples["english"], "SBAR")


def nests(sample: list[tuple[str, Tree]], label: str) -> bool:
    """Whether a phrase of that label ever stands inside another."""
    phrases = (n for _, tree in sample for n in tree.postorder() if isinstance(n, Tree) and n.label == label)
    return any(sum(isinstance(n, Tree) and n.label == label for n in p.postorder()) > 1 for p in phrases)


def number(noun_phrase: Tree) -> str | None:
    """By tags and words alone: the grammar's own features are gone."""
    labels = [child.label for child in noun_phrase.children]
    if "CC" in labels:
        return "pl"
    if labels[0] == "NP" and "POS" not in labels and not set(labels) & {"NN", "NNS"}:
        return number(noun_phrase.children[0])
    head = [child for child in noun_phrase.children if child.label in {"NN", "NNS", "NNP", "PRP"}][-1]
    if head.label == "PRP":
        return "pl" if head.children[0].lower() in {"they", "we"} else "sg"
    return "pl" if head.label == "NNS" else "sg"


def verbs(verb_phrase: Tree):
    """The finite verbs of a verb phrase, coordinated ones each."""
    if any(child.label == "CC" for child in verb_phrase.children):
        for child in verb_phrase.children:
            if child.label == "VP":
                yield from verbs(child)
        return
    yield next(child for child in verb_phrase.children if child.label[:2] in ("VB", "MD"))


def agreements(tree: Tree):
    """(number of the subject, finite verb) of every clause, relative clauses with their antecedents."""
    for node in tree.postorder():
        if not isinstance(node, Tree) or node.is_preterminal():
            continue
        children = {child.label: child for child in node.children}
        if node.label == "S" and {"NP", "VP"} <= set(children):
            yield from ((number(children["NP"]), verb) for verb in verbs(children["VP"]))
        if node.label == "SQ":
            yield number(children["NP"]), node.children[0]
        if node.label == "NP" and "SBAR" in children:
            clause = children["SBAR"].children[-1]
            if [child.label for child in clause.children] == ["VP"]:
                yield from ((number(children["NP"]), verb) for verb in verbs(clause.children[0]))


def test_english_subjects_and_verbs_agree(samples):
    checked = 0
    for text, tree in samples["english"]:
        for expected, verb in agreements(tree):
            form = verb.children[0].lower()
            found = {"VBZ": "sg", "VBP": "pl"}.get(verb.label) or {"was": "sg", "were": "pl"}.get(form)
            assert found in (None, expected), f"{form} in {text}"
            checked += found is not None
    assert checked > 1500


def test_english_articles_fit_the_next_word(samples):
    for _, tree in samples["english"]:
        leaves = [leaf.lower() for leaf in tree.leaves()]
        for article, following in pairwise(leaves):
            assert article not in ("a", "an") or (article == "an") == (following[0] in "aeiou")


# -- Chinese ---------------------------------------------------------------------


def test_chinese_is_running_text(samples):
    for text, tree in samples["chinese"]:
        assert not any(character.isspace() for character in text)
        assert text == "".join(tree.leaves())
        assert text[-1] in "。？"
        assert text.isascii() is False


def test_chinese_constructions_all_occur(samples):
    seen = Counter(span.label for _, tree in samples["chinese"] for span in tree.spans())
    assert set(seen) == {"IP", "CP", "NP", "VP", "PP", "LCP", "DNP", "DP", "QP", "ADJP", "ADVP"}
    tags = Counter(tag for _, tree in samples["chinese"] for _, tag in tree.tagged())
    assert all(tags[tag] for tag in ("BA", "LB", "DEC", "DEG", "AS", "LC", "CC", "CS", "SP", "PU"))
    assert nests(samples["chinese"], "CP")


def test_jieba_finds_the_gold_words(samples):
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(60)
    same = [tuple(jieba.cut(text)) == tree.leaves() for text, tree in samples["chinese"][:1000]]
    assert sum(same) / len(same) > 0.95


# -- what is written ---------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_make_writes_text_and_trees_line_by_line(language, tmp_path):
    synthetic.make(language, tmp_path, sentences=300, seed=3)
    source, everything = synthetic.grammar(language), []
    for part, size in (("train", 300), ("valid", 15), ("test", 15)):
        lines = (tmp_path / f"{part}.txt").read_text(encoding="utf-8").splitlines()
        trees = (tmp_path / f"{part}.trees").read_text(encoding="utf-8").splitlines()
        assert [source.text(tree) for tree, _ in read_trees(trees)] == lines
        assert len(lines) == len(trees) == size
        everything += lines
    assert len(set(everything)) == len(everything)  # nothing trained on is held out


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_seed_decides(language, tmp_path):
    def written(name, **settings):
        synthetic.make(language, tmp_path / name, **settings)
        return [(tmp_path / name / f"{part}.trees").read_bytes() for part in ("test", "train")]

    first, again = written("a", sentences=200, seed=1), written("b", sentences=200, seed=1)
    other, longer = written("c", sentences=200, seed=2), written("d", sentences=219, seed=1)
    assert first == again
    assert first != other
    assert first[0] == longer[0]  # the held-out sentences stay
    assert longer[1].startswith(first[1])


def test_the_same_on_every_machine(tmp_path):
    """Fixed digests: a change here changes every figure made with the built-in corpora."""
    lines = "S -> 2 A B?.5 | S A\nA = a1 a2 a3\nB = b1 b2"
    (tmp_path / "x.grammar").write_text(lines, encoding="utf-8")
    synthetic.make(tmp_path / "x.grammar", tmp_path / "out", sentences=40, seed=1)
    content = (tmp_path / "out" / "train.trees").read_bytes()
    assert (
        hashlib.sha256(content).hexdigest()
        == "1a85ae94c4386b8d7fcbd17e4520d1a91e7067ef40bec6c83d5e803e7a5c2191"
    )


def test_bad_requests(tmp_path):
    with pytest.raises(UsageError, match="did you mean english"):
        synthetic.make("englsh", tmp_path / "a")
    with pytest.raises(UsageError, match="at least 1"):
        synthetic.make("english", tmp_path / "a", sentences=0)
    (tmp_path / "small.grammar").write_text("S -> A\nA = a b c", encoding="utf-8")
    with pytest.raises(UsageError, match="the grammar gave 3 sentences"):
        synthetic.make(tmp_path / "small.grammar", tmp_path / "b", sentences=10)
    assert not list((tmp_path / "b").glob("*"))  # nothing half made
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OnlstmError, match="found a file"):
        synthetic.make("english", tmp_path / "file", sentences=10)
    assert (tmp_path / "file").read_text() == "mine"
