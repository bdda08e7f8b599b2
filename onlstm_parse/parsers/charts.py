"""What parsers share that score all spans of a sentence: long sentences, words of several pieces, CYK."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from onlstm_parse.flat import Span
from onlstm_parse.induction.cyk import cyk
from onlstm_parse.parsers.base import Analysis, Parser, in_batches
from onlstm_parse.parsers.punctuation import barred
from onlstm_parse.text.batches import batch_by_length
from onlstm_parse.text.pipeline import Encoded

if TYPE_CHECKING:
    from onlstm_parse.runs import Run

WORDS_AT_ONCE = 1024
# A longer sentence is scored in pieces of this many words: the number of spans rises with the square.
LONGEST = 200
Words = TypeVar("Words", list[int], np.ndarray)


class ChartParser(Parser):
    """A trained network that scores spans; the tree with the largest sum of scores is taken.

    An analysis is made for one rule, so a parser has one only.
    """

    def __init__(
        self, run: Run, rules: list[str], rule: str | None, device: str, precision: str, keep_dropped: bool
    ) -> None:
        """Raises UsageError for a rule that is not among `rules`."""
        from onlstm_parse.ops.precision import choose_device, choose_precision

        self.rules = rules
        super().__init__(run.pipeline, rule, keep_dropped)
        self.rules = [self.rule]
        self.run = run
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self.model = run.model.to(self.device).eval().requires_grad_(False)

    @abstractmethod
    def score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float | None]]:
        """The scores of spans (n, n + 1), and the loss if the kind has one, of sentences given as ids."""

    def expectations(
        self, analyses: Sequence[Analysis], rule: str, layer: int | None
    ) -> list[np.ndarray] | None:
        if rule != "expected":
            return None
        return [analysis.scores for analysis in analyses if analysis.scores is not None]

    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        """A word of several pieces is a span like others, but only words are parts of the tree."""
        from onlstm_parse.ops.memory import return_freed_memory

        found = in_batches(
            sentences, WORDS_AT_ONCE, True, lambda inside, _: self._analyse_batch(inside, with_loss)
        )
        return_freed_memory()
        return found

    def _analyse_batch(self, sentences: list[Encoded], with_loss: bool) -> list[Analysis]:
        flat = [sentence.ids for sentence in sentences]
        parts = [part for ids in flat for part in parts_of(ids)]
        scored = iter(self.score(parts) if parts else [])
        analyses = []
        for sentence, ids in zip(sentences, flat, strict=True):
            own = [next(scored) for _ in parts_of(ids)]
            scores = put_together([part for part, _ in own])
            loss = sum(part_loss or 0.0 for _, part_loss in own)
            edges = [*accumulate((len(pieces) for pieces in sentence.pieces if pieces), initial=0)]
            scores = scores[np.ix_(edges[:-1], edges)]
            known = loss if with_loss and self.objective is not None else None
            ruled_out = barred(sentence)
            analyses.append(Analysis([], None, scores, ruled_out, loss=known, tokens=len(ids) + 1))
        trees = best_trees([one.scores for one in analyses if one.scores is not None], analyses)
        return [one._replace(brackets=tree) for one, tree in zip(analyses, trees, strict=True)]


def parts_of(words: Words) -> list[Words]:
    """A sentence in parts of at most LONGEST words; no part of an empty one."""
    return [words[at : at + LONGEST] for at in range(0, len(words), LONGEST)]


def put_together(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The scores of a sentence (n, n + 1) from those of its parts; spans of several parts have 0."""
    n = sum(map(len, parts))
    scores, at = np.zeros((n, n + 1)), 0
    for part in parts:
        scores[at : at + len(part), at : at + len(part) + 1] = part
        at += len(part)
    return scores


def best_trees(tables: Sequence[np.ndarray], analyses: Sequence[Analysis]) -> list[list[Span]]:
    """The brackets of the best tree by each table of scores (n, n + 1) that punctuation allows."""
    lengths = [*map(len, tables)]
    brackets: list[list[Span]] = [[] for _ in tables]
    for batch in batch_by_length(lengths, WORDS_AT_ONCE):
        longest = max(lengths[index] for index in batch.sentences)
        together = np.zeros((len(batch.sentences), longest, longest + 1))
        for all_scores, index in zip(together, batch.sentences, strict=True):
            own = all_scores[: lengths[index], : lengths[index] + 1]
            own[:] = tables[index]
            if (ruled_out := analyses[index].barred) is not None:
                own[ruled_out] = -np.inf
        found = cyk(together, [lengths[index] for index in batch.sentences]) if longest else []
        for index, tree in zip(batch.sentences, found, strict=False):
            brackets[index] = tree
    return brackets
