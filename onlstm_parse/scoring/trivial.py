"""What parsers that look at nothing get: a score means little without theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from statistics import fmean, stdev

from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.alignment import Gold
from onlstm_parse.scoring.protocols import Protocol

DRAWS = 5
Brackets = set[tuple[int, int]]


def baselines(gold: Gold, protocol: str = "shen2019") -> dict[str, float | dict[str, float]]:
    """Sentence F1 of each trivial parser, a percentage; of a random one mean and sd of seeded draws."""
    rules: Protocol = PROTOCOLS[protocol]
    sentences = [
        (n_words, {span[:2] for span in rules.brackets(sentence.tree.spans(), n_words)})
        for sentence in gold.sentences
        if (n_words := len(sentence.words)) >= rules.min_words
    ]

    def sentence_f1(brackets: Callable[[int], Brackets]) -> float:
        return 100 * fmean(_f1s(sentences, brackets, rules))

    found: dict[str, float | dict[str, float]] = {}
    for name, parser in TRIVIAL_PARSERS.items():
        if not name.startswith("random"):
            found[name] = sentence_f1(cache(lambda n, parser=parser: set(rules.brackets(parser(n, None), n))))
            continue
        rngs = [Random(seed) for seed in range(DRAWS)]
        f1s = [
            sentence_f1(lambda n, parser=parser, rng=rng: set(rules.brackets(parser(n, rng), n)))
            for rng in rngs
        ]
        found[name] = {"mean": fmean(f1s), "sd": stdev(f1s)}
    return found


def _f1s(
    sentences: list[tuple[int, Brackets]], brackets: Callable[[int], Brackets], rules: Protocol
) -> Iterator[float]:
    for n_words, wanted in sentences:
        given = brackets(n_words)
        if rates := rules.rates(len(given & wanted), len(given), len(wanted)):
            yield rates.f1
