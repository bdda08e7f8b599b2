"""A grammar as a parser: the probabilities of brackets over all trees, and the tree that suits them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from onlstm_parse.flat import Span
from onlstm_parse.induction.cyk import cyk
from onlstm_parse.parsers.base import Analysis, Parser, in_batches
from onlstm_parse.text.pipeline import Encoded

if TYPE_CHECKING:
    from onlstm_parse.runs import Run

WORDS_AT_ONCE = 1024
# A longer sentence is read in pieces of this many words: the number of spans rises with the square.
LONGEST = 200


class GrammarParser(Parser):
    """Reads the probability of each bracket off a grammar.

    `rule` is `expected`, the tree of the most expected brackets (Goodman 1996), or `viterbi`, the tree of
    the most probable derivation, which is much slower.
    """

    objective = "causal"

    def __init__(
        self,
        run: Run,
        rule: str | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
    ) -> None:
        """Raises UsageError for an unknown rule."""
        from onlstm_parse.ops.precision import choose_device, choose_precision

        self.rules = ["expected", "viterbi"]
        super().__init__(run.pipeline, rule, keep_dropped)
        self.rules = [self.rule]  # an analysis is made for one of them
        self.run = run
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self.model = run.model.to(self.device).eval().requires_grad_(False)

    def brackets(self, analysis: Analysis, rule: str, layer: int | None) -> list[Span]:
        assert analysis.scores is not None
        return cyk(analysis.scores[None])[0] if len(analysis.scores) > 1 else []

    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        """`scores` are probabilities of brackets; with the rule `viterbi` 1 for those of the best derivation.

        A word of several pieces is a bracket like others, but only words are parts of the tree.
        """
        from onlstm_parse.ops.memory import return_freed_memory

        found = in_batches(
            sentences, WORDS_AT_ONCE, True, lambda inside, _: self._analyse_batch(inside, with_loss)
        )
        return_freed_memory()
        return found

    def _analyse_batch(self, sentences: list[Encoded], with_loss: bool) -> list[Analysis]:
        flat = [[index for pieces in sentence.pieces for index in pieces] for sentence in sentences]
        parts = [ids[at : at + LONGEST] for ids in flat for at in range(0, len(ids), LONGEST)]
        scored = iter(self._score(parts))
        analyses = []
        for sentence, ids in zip(sentences, flat, strict=True):
            scores, loss = np.zeros((len(ids), len(ids) + 1)), 0.0
            for at in range(0, len(ids), LONGEST):
                inside, part_loss = next(scored)
                scores[at : at + len(inside), at : at + len(inside) + 1] = inside
                loss += part_loss
            edges = [*accumulate((len(pieces) for pieces in sentence.pieces if pieces), initial=0)]
            scores = scores[np.ix_(edges[:-1], edges)]
            analysis = Analysis([], scores=scores, loss=loss if with_loss else None, tokens=len(ids) + 1)
            analyses.append(analysis._replace(brackets=self.brackets(analysis, self.rule, None)))
        return analyses

    def _score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float]]:
        """The probability of each bracket (n, n + 1) and the loss of each sentence."""
        import torch

        from onlstm_parse.ops.precision import products_in

        if not sentences:
            return []
        lengths = [*map(len, sentences)]
        words = torch.tensor([index for ids in sentences for index in ids], device=self.device)
        n = max(lengths)
        spans = torch.zeros(len(lengths), n, n + 1, device=self.device, requires_grad=True)
        with products_in(self.precision, self.device):
            found = self.model(words, lengths, spans, viterbi=self.rule == "viterbi")
        (scores,) = torch.autograd.grad(found.sum(), spans, allow_unused=True, materialize_grads=True)
        cut = [one[:length, : length + 1] for one, length in zip(scores.cpu().numpy(), lengths, strict=True)]
        return list(zip(cut, (-found).tolist(), strict=True))
