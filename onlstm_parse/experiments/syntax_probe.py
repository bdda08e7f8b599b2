"""Targeted syntactic evaluation (Marvin and Linzen 2018): which sentence of a minimal pair is likelier?

A sentence is scored by its whole loss: the sum over its words (or pieces, or characters) and its end. The
interval is Wilson's. It takes pairs for independent draws; pairs of one phenomenon share words and templates,
so it is too narrow for a claim about other sentences.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from typing import Any, NamedTuple

from onlstm_parse.experiments.minimal_pairs import Pair
from onlstm_parse.experiments.published_syntax import ROWS, SOURCE
from onlstm_parse.parsers.base import LINES_AT_ONCE, Parser
from onlstm_parse.scoring.resampling import wilson_95
from onlstm_parse.text.pipeline import Encoded, TextPipeline
from onlstm_parse.text.vocabulary import UNK_ID
from onlstm_parse.training.progress import Display


class Judged(NamedTuple):
    """A pair, and how it was decided: 1 for the grammatical sentence, 0 for the other, a half for a tie."""

    pair: Pair
    model: float
    unigram: float
    known: bool
    """Whether every word is in the vocabulary."""


def probe_syntax(parser: Parser, pairs: Sequence[Pair], quiet: bool = True) -> dict[str, Any]:
    """Accuracy in percent on minimal pairs: of all, by phenomenon and by condition.

    Each group has `pairs`, `accuracy`, `confidence_95`, `ties` and `unigram` (the accuracy of word
    frequencies) of pairs whose words are all known; `unknown` has all but the last of the other pairs. A tie
    counts a half. `published` has the rows of the ON-LSTM paper's table that the pairs are about. Where
    `objective` is `masked`, losses are pseudo-losses: words predicted from both sides. Where it is `bound`,
    they are bounds, and that of the one sentence may be tighter than that of the other.

    Raises UsageError for a run without likelihood.
    """
    parser.expect_likelihood()
    judged = _judge(parser, pairs, quiet)
    return {
        "objective": parser.objective,
        **_summary(judged),
        "by_phenomenon": _grouped((one.pair.phenomenon, one) for one in judged),
        "by_condition": _grouped(
            (f"{one.pair.phenomenon}/{one.pair.condition}".rstrip("/"), one) for one in judged
        ),
        "published": _beside_published(judged),
        "published_source": SOURCE,
    }


def _judge(parser: Parser, pairs: Sequence[Pair], quiet: bool) -> list[Judged]:
    sentences = [*dict.fromkeys(chain.from_iterable(pair[:2] for pair in pairs))]
    encoded: dict[str, Encoded] = {}
    losses: dict[str, float] = {}
    began = time.monotonic()
    with closing(Display(quiet or len(sentences) <= LINES_AT_ONCE)) as display:
        for start in range(0, len(sentences), LINES_AT_ONCE):
            some = {one: parser.reader.encode(one) for one in sentences[start : start + LINES_AT_ONCE]}
            encoded.update(some)
            losses.update(zip(some, parser.losses([*some.values()]), strict=True))
            done = f"{len(losses):,} of {len(sentences):,} sentences"
            display.show(len(losses) / len(sentences), time.monotonic() - began, done)
    assert isinstance(parser.reader, TextPipeline)  # of all that has a likelihood
    size = len(parser.reader.vocabulary)
    frequencies = dict(zip(encoded, unigram_losses(encoded.values(), size), strict=True))
    known = {sentence: UNK_ID not in one.ids for sentence, one in encoded.items()}
    return [
        Judged(
            pair,
            _preference(losses[pair.grammatical], losses[pair.ungrammatical]),
            _preference(frequencies[pair.grammatical], frequencies[pair.ungrammatical]),
            known[pair.grammatical] and known[pair.ungrammatical],
        )
        for pair in pairs
    ]


def _preference(grammatical: float, ungrammatical: float) -> float:
    return 0.5 if grammatical == ungrammatical else float(grammatical < ungrammatical)


def unigram_losses(sentences: Iterable[Encoded], vocabulary_size: int) -> list[float]:
    """The loss in nats of each sentence by the frequency of its words alone.

    A vocabulary keeps the order of its words by frequency but no counts, so the frequency of id i, whose rank
    is i - 1, is taken for proportional to 1 / i (Zipf). Where a pair differs in one word, the order decides,
    as counts would.
    """
    constant = math.log(math.fsum(1 / index for index in range(UNK_ID, vocabulary_size)))
    return [math.fsum(math.log(index) + constant for index in one.ids) for one in sentences]


def _summary(judged: Sequence[Judged]) -> dict[str, Any]:
    known = [one for one in judged if one.known]
    unknown = [one.model for one in judged if not one.known]
    return {
        **_rate([one.model for one in known]),
        "unigram": _percentage([one.unigram for one in known]),
        "unknown": _rate(unknown),
    }


def _rate(preferences: Sequence[float]) -> dict[str, Any]:
    pairs, interval = len(preferences), None
    if pairs:
        low, high = wilson_95(sum(preferences) / pairs, pairs)
        interval = 100 * low, 100 * high
    return {
        "pairs": pairs,
        "accuracy": _percentage(preferences),
        "confidence_95": interval,
        "ties": preferences.count(0.5),
    }


def _percentage(preferences: Sequence[float]) -> float | None:
    return 100 * sum(preferences) / len(preferences) if preferences else None


def _grouped(named: Iterable[tuple[str, Judged]]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Judged]] = {}
    for name, one in named:
        groups.setdefault(name, []).append(one)
    return {name: _summary(group) for name, group in groups.items()}


def _beside_published(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    rows = []
    for row in ROWS:
        group = [one for one in judged if row.has(one.pair.phenomenon, one.pair.condition)]
        if group:
            rows.append({"row": row.name, **_summary(group), "on_lstm": row.on_lstm, "lstm": row.lstm})
    return rows
