"""Comparing two systems and several runs: intervals and p values."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from onlstm_parse.errors import UsageError
from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.comparison import between, compare
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.metrics import score
from onlstm_parse.scoring.resampling import confidence_95, paired_difference
from onlstm_parse.tree import Tree

RNG = Random(5)
WORDS = [[f"w{i}" for i in range(RNG.randint(3, 12))] for _ in range(60)]


def trees(parser: str, seed: int = 0) -> list[Tree]:
    rng = Random(seed)
    return [Tree.from_spans(words, TRIVIAL_PARSERS[parser](len(words), rng)) for words in WORDS]


GOLD = trees("random", 9)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_difference_is_that_of_the_scores(protocol):
    ours, theirs = trees("random", 1), trees("left")
    report = compare(ours, theirs, Gold(GOLD, "none"), protocol, resamples=200)
    scores = [score(one, GOLD, protocol, words="none") for one in (ours, theirs)]
    assert [system["sentence_f1"] for system in report["systems"]] == [one.sentence_f1 for one in scores]
    for name in ("sentence_f1", "corpus_f1"):
        difference = getattr(scores[0], name) - getattr(scores[1], name)
        assert report[name]["difference"] == pytest.approx(difference)
        low, high = report[name]["confidence_95"]
        assert low <= difference <= high


def test_gold_trees_differ_from_others_significantly_and_equal_ones_do_not():
    better = compare(GOLD, trees("left"), Gold(GOLD, "none"), resamples=500)["sentence_f1"]
    assert better["confidence_95"][0] > 0
    assert better["p_bootstrap"] < 0.01
    assert better["p_permutation"] < 0.01
    same = compare(trees("left"), trees("left"), Gold(GOLD, "none"), resamples=500)["sentence_f1"]
    assert (same["difference"], same["p_bootstrap"], same["p_permutation"]) == (0, 1, 1)


def test_swapping_systems_swaps_the_sign():
    there, back = (
        compare(*pair, Gold(GOLD, "none"), resamples=300)["corpus_f1"]
        for pair in ((trees("random", 2), trees("right")), (trees("right"), trees("random", 2)))
    )
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["p_permutation"] == pytest.approx(back["p_permutation"])
    assert there["confidence_95"] == pytest.approx([-back["confidence_95"][1], -back["confidence_95"][0]])


def test_p_is_honest_where_systems_do_not_differ():
    """Of systems whose sentences differ by pure noise, about a tenth should have p below 0.1."""
    rng = np.random.default_rng(0)
    small = 0
    for seed in range(100):
        ours, theirs = rng.random((2, 40, 1))
        p = paired_difference(ours, theirs, lambda sums: sums[:, 0], 99, seed)["p_permutation"]
        small += p <= 0.1
    assert 3 <= small <= 19


def test_the_interval_is_that_of_resampled_sentences():
    values = np.random.default_rng(1).random(400) * 100
    low, high = confidence_95(values, np.ones(400, int))
    error = values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.4 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.4 * error)
    grouped = confidence_95(np.array([0.0, 50.0]), np.array([300, 100]))
    assert grouped == confidence_95(np.array([50.0, 0.0, 0.0]), np.array([100, 150, 150]))


def test_self_f1():
    runs = [trees("random", seed) for seed in (1, 2)] + [trees("random", 1)]
    report = between([lambda run=run: run for run in runs], "kim2019")
    assert [pair["runs"] for pair in report["pairs"]] == [[0, 1], [0, 2], [1, 2]]
    f1s = [pair["sentence_f1"] for pair in report["pairs"]]
    assert f1s[1] == pytest.approx(100, abs=1e-5)
    assert f1s[0] == pytest.approx(f1s[2])
    assert report["sentence_f1"]["mean"] == pytest.approx(sum(f1s) / 3)
    assert len({pair["signature"] for pair in report["pairs"]}) == 3
    with pytest.raises(UsageError, match="two runs or more, found 1"):
        between([lambda: GOLD])
