"""What parsers that look at nothing get: a score means little without theirs."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from statistics import fmean, stdev

from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.alignment import Gold
from onlstm_parse.scoring.protocols import Protocol

DRAWS = 5


def baselines(gold: Gold, protocol: str = "shen2019") -> dict[str, float | dict[str, float]]:
    """Sentence F1 of each trivial parser, a percentage; of a random one mean and sd of seeded draws."""
    rules: Protocol = PROTOCOLS[protocol]
    sentences = []
    for sentence in gold.sentences:
        n_words = len(sentence.words)
        if n_words >= rules.min_words:
            spans = rules.brackets(sentence.tree.spans(), n_words)
            sentences.append((n_words, {span[:2] for span in spans}))
    found: dict[str, float | dict[str, float]] = {}
    for name in TRIVIAL_PARSERS:
        draws = DRAWS if name.startswith("random") else 1
        f1s = [100 * fmean(_sentence_f1s(name, Random(seed), sentences, rules)) for seed in range(draws)]
        found[name] = {"mean": fmean(f1s), "sd": stdev(f1s)} if draws > 1 else f1s[0]
    return found


def _sentence_f1s(
    name: str, rng: Random, sentences: list[tuple[int, set[tuple[int, int]]]], rules: Protocol
) -> Iterator[float]:
    parser = TRIVIAL_PARSERS[name]
    for n_words, wanted in sentences:
        given = set(rules.brackets(parser(n_words, rng), n_words))
        if rates := rules.rates(len(given & wanted), len(given), len(wanted)):
            yield rates.f1
