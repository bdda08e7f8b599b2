"""What parsers share that score all spans of a sentence: long sentences, words of several pieces, CYK."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from onlstm_parse.flat import Span
from onlstm_parse.induction.cyk import cyk
from onlstm_parse.parsers.base import Analysis, Parser, in_batches
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
            has_loss = with_loss and self.objective is not None
            analyses.append(Analysis([], scores=scores, loss=loss if has_loss else None, tokens=len(ids) + 1))
        trees = best_trees([one.scores for one in analyses if one.scores is not None])
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


def taken_apart(scores: np.ndarray) -> list[np.ndarray]:
    """The scores of the parts of a sentence, which `put_together` puts together."""
    parts = [slice(part[0], part[-1] + 1) for part in parts_of([*range(len(scores))])]
    return [scores[part, part.start : part.stop + 1] for part in parts]


def best_trees(tables: Sequence[np.ndarray]) -> list[list[Span]]:
    """The brackets of the best tree by each table of scores (n, n + 1)."""
    brackets: list[list[Span]] = [[] for _ in tables]
    for indices, together, lengths in padded(tables):
        for index, tree in zip(indices, cyk(together, lengths), strict=True):
            brackets[index] = tree
    return brackets


def padded(tables: Sequence[np.ndarray]) -> Iterator[tuple[list[int], np.ndarray, list[int]]]:
    """Tables of like length in one array, filled up with zeros: which they are, the array, their lengths.

    Those of empty sentences are left out.
    """
    for batch in batch_by_length([*map(len, tables)], WORDS_AT_ONCE):
        indices = [index for index in batch.sentences if len(tables[index])]
        lengths = [len(tables[index]) for index in indices]
        together = np.zeros((len(indices), max(lengths, default=0), max(lengths, default=0) + 1))
        for all_scores, index, n in zip(together, indices, lengths, strict=True):
            all_scores[:n, : n + 1] = tables[index]
        if indices:
            yield indices, together, lengths
