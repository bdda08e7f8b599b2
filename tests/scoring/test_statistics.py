"""Array arithmetic against plain loops over sets, and what must hold for any trees."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.alignment import align
from onlstm_parse.scoring.gold import Gold, prepare_gold
from onlstm_parse.scoring.metrics import reports, score
from onlstm_parse.scoring.resampling import wilson_95
from onlstm_parse.scoring.statistics import Batch
from onlstm_parse.tree import Tree

SEEDS = st.integers(0, 10_000)
EXACTLY = ("sentence_f1", "corpus_f1", "complete_match", "by_label", "by_length", "by_width")
EXACTLY += ("by_depth", "left_out")


def any_tree(words: list[str], rng: Random, depth: int = 0) -> Tree:
    """Of any arity, with unary chains."""
    if depth < 8 and rng.random() < 0.25:
        return Tree(rng.choice("ABC"), [any_tree(words, rng, depth + 1)])
    if len(words) == 1:
        return Tree("T", words)
    cuts = sorted(rng.sample(range(1, len(words)), rng.randint(1, min(3, len(words) - 1))))
    parts = [words[a:b] for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True)]
    return Tree(rng.choice("ABC"), [any_tree(part, rng, depth + 1) for part in parts])


def pairs(seed: int) -> list[tuple[Tree, Tree]]:
    rng = Random(seed)
    sentences = [[f"w{i}" for i in range(rng.randint(1, 9))] for _ in range(rng.randint(1, 5))]
    some = Tree.from_brackets("(S (A w w) w w)")  # something for every protocol to score
    return [(any_tree(words, rng), any_tree(words, rng)) for words in sentences] + [(some, some)]


def spans(tree: Tree) -> list[tuple[int, int]]:
    return [(span.start, span.stop) for span in tree.spans() if span.stop - span.start > 1]


def inside(tree: Tree) -> set[tuple[int, int]]:
    return set(spans(tree)) - {(0, len(tree.leaves()))}


def crosses(one: tuple[int, int], other: tuple[int, int]) -> bool:
    (a, b), (c, d) = one, other
    return a < c < b < d or c < a < d < b


@given(seed=SEEDS)
@settings(deadline=None, max_examples=60)
def test_counts_are_those_of_sets(seed):
    both = pairs(seed)
    gold = prepare_gold([gold for _, gold in both], "none")
    counts = Batch(list(align([ours for ours, _ in both], gold))).counts()
    for i, (ours, theirs) in enumerate(both):
        whole = (0, len(ours.leaves()))
        given, wanted = inside(ours), inside(theirs)
        expected = (
            len(ours.leaves()),
            len(given & wanted),
            len(given),
            len(wanted),
            min(spans(ours).count(whole), 2),
            min(spans(theirs).count(whole), 2),
            sum(any(crosses(one, other) for other in wanted) for one in given),
        )
        assert tuple(int(column[i]) for column in counts) == expected


@given(seed=SEEDS)
@settings(deadline=None, max_examples=40)
def test_shapes_are_those_of_nodes(seed):
    both = [pair for pair in pairs(seed) if len(pair[0].leaves()) > 1]
    found = score([p for p, _ in both], [g for _, g in both], words="none").shape["predicted"]
    depths, children = [], []
    for ours, _ in both:
        n = len(ours.leaves())
        known = inside(ours) | {(0, n)}
        depths.append(sum(b - a for a, b in known) / n)
        for a, b in known - {(0, n)}:
            parents = [(c, d) for c, d in known if c <= a and b <= d and (c, d) != (a, b)]
            c, d = min(parents, key=lambda span: span[1] - span[0])
            children.append("left" if a == c else "right" if b == d else "middle")
    assert found["depth"] == pytest.approx(sum(depths) / len(depths))
    for side in ("left", "right"):
        expected = 100 * children.count(side) / len(children) if children else None
        assert found[side] == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestEveryProtocol:
    @given(seed=SEEDS)
    @settings(deadline=None, max_examples=15)
    def test_the_order_of_sentences_does_not_matter(self, protocol, seed):
        both = pairs(seed)
        there = score(*zip(*both, strict=True), protocol, words="none").to_json()
        back = score(*zip(*both[::-1], strict=True), protocol, words="none").to_json()
        for name in EXACTLY:
            assert there[name] == back[name]
        assert there["confidence_95"] == pytest.approx(back["confidence_95"])
        for side in ("predicted", "gold"):
            assert there["shape"][side] == pytest.approx(back["shape"][side])

    @given(seed=SEEDS)
    @settings(deadline=None, max_examples=15)
    def test_label_and_width_counts_add_up(self, protocol, seed):
        found = score(*zip(*pairs(seed), strict=True), protocol, words="none")
        gold = sum(group["gold"] for group in found.by_width.values())
        assert sum(group["count"] for group in found.by_label.values()) >= gold
        widths = [group for group in found.by_width.values() if group["f1"] is not None]
        total = sum(group["f1"] * (group["gold"] + group["predicted"]) for group in widths)
        brackets = sum(group["gold"] + group["predicted"] for group in widths)
        assert found.corpus_f1 == pytest.approx(total / brackets)

    @given(seed=SEEDS)
    @settings(deadline=None, max_examples=15)
    def test_no_binary_parser_is_above_the_ceiling(self, protocol, seed):
        gold = [gold for _, gold in pairs(seed)]
        rng = Random(seed)
        words = [tree.leaves() for tree in gold]
        binary = [Tree.from_spans(w, TRIVIAL_PARSERS["random"](len(w), rng)) for w in words]
        report = reports(binary, Gold(gold, "none"), [protocol], resamples=10)[protocol]
        figures = dict(report["baselines"])
        ceiling = figures.pop("ceiling")
        for name, f1 in figures.items():
            assert (f1["mean"] if isinstance(f1, dict) else f1) <= ceiling + 1e-9, name
        assert report["sentence_f1"] <= ceiling + 1e-9


def test_the_ceiling_is_reached_by_a_binary_tree_that_has_every_gold_bracket():
    gold = [Tree.from_brackets("(S (NP a b c) (VP d e))")]
    binary = [Tree.from_brackets("(X (X (X a b) c) (X d e))")]
    for protocol in PROTOCOLS:
        report = reports(binary, Gold(gold, "none"), [protocol])[protocol]
        assert report["sentence_f1"] == report["baselines"]["ceiling"]
        assert report["corpus_f1"] == report["baselines_corpus_f1"]["ceiling"]


def test_trivial_parsers_by_length():
    gold = [tree for seed in range(30) for _, tree in pairs(seed)]
    right = [Tree.from_spans(t.leaves(), TRIVIAL_PARSERS["right"](len(t.leaves()))) for t in gold]
    for report in reports(right, Gold(gold, "none")).values():
        by_length = report["baselines_by_length"]
        assert set(by_length) == set(report["baselines"])
        wanted = {group: row["sentence_f1"] for group, row in report["by_length"].items()}
        assert by_length["right"] == pytest.approx(wanted)
        assert by_length["random"]["all"] == pytest.approx(report["baselines"]["random"]["mean"])


def test_widths():
    gold = [Tree.from_brackets("(S (NP a b) (VP c (NP d e f)))")]
    predicted = [Tree.from_brackets("(X (X a b) (X c (X d e)) f)")]
    found = score(predicted, gold, words="none").by_width
    assert {name: row["f1"] for name, row in found.items() if row["f1"] is not None} == {
        "2": pytest.approx(200 / 3),
        "3": 0,
        "4": 0,
    }
    whole = score(predicted, gold, "evalb", words="none").by_width["6-10"]
    assert whole == {"f1": 100, "gold": 1, "predicted": 1}


@given(seed=SEEDS)
@settings(deadline=None, max_examples=40)
def test_depths_are_those_of_nodes(seed):
    both = pairs(seed)
    found = score([p for p, _ in both], [g for _, g in both], words="none").by_depth
    expected = {name: [0, 0] for name in found}
    for ours, theirs in both:
        for a, b in inside(theirs):
            depth = sum(c <= a and b <= d for c, d in inside(theirs))
            name = str(depth) if depth < 6 else "6-10"
            expected[name][0] += (a, b) in inside(ours)
            expected[name][1] += 1
    for name, (hits, count) in expected.items():
        assert found[name]["count"] == count
        assert found[name]["recall"] == (pytest.approx(100 * hits / count) if count else None)


def test_batches_change_nothing(monkeypatch):
    both = [pair for seed in range(40) for pair in pairs(seed)]
    sides = [list(side) for side in zip(*both, strict=True)]
    whole = reports(sides[0], Gold(sides[1], "none"))
    for size in (1, 7):
        monkeypatch.setattr("onlstm_parse.scoring.statistics.BATCH", size)
        found = reports(sides[0], Gold(sides[1], "none"))
        for protocol, report in whole.items():
            for name in ("signature", "confidence_95", *EXACTLY):
                assert found[protocol][name] == report[name]
            assert found[protocol]["shape"]["gold"] == pytest.approx(report["shape"]["gold"])
            assert found[protocol]["baselines"]["ceiling"] == pytest.approx(report["baselines"]["ceiling"])


def test_a_long_sentence():
    n = 200_000
    words = ["w"] * n
    right = Tree.from_spans(words, [(i, n) for i in range(n - 1)])
    left = Tree.from_spans(words, [(0, i) for i in range(2, n + 1)])
    found = score([left], [right], "evalb", words="none")
    assert found.average_crossing == n - 2
    assert found.corpus_recall == pytest.approx(100 / (n - 1))
    assert np.isclose(found.shape["gold"]["right"], 100)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"), [(0, 10, 0.0, 27.75), (10, 10, 72.25, 100.0), (81, 263, 25.53, 36.62)]
)
def test_wilson_interval(right, total, low, high):
    """The last is the example of Newcombe 1998, table I."""
    assert wilson_95(right / total, total) == pytest.approx((low / 100, high / 100), abs=1e-4)


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_of_a_share_has_its_published_property(right, more):
    """Its ends are the shares from which the observed one is 1.96 standard errors away (Wilson 1927)."""
    share, total = right / (right + more), right + more
    low, high = wilson_95(share, total)
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(1.959964 * (end * (1 - end) / total) ** 0.5, abs=1e-6)
    assert wilson_95(0.5, 4 * total)[0] > wilson_95(0.5, total)[0]
