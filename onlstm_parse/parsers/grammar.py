"""A grammar as a parser: the probabilities of brackets over all trees, and the tree that suits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onlstm_parse.parsers.charts import ChartParser

if TYPE_CHECKING:
    import numpy as np

    from onlstm_parse.runs import Run


class GrammarParser(ChartParser):
    """`scores` are probabilities of brackets; with `viterbi`, 1 for those of the best derivation.

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
        super().__init__(run, ["expected", "viterbi"], rule, device, precision, keep_dropped)

    def score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float | None]]:
        import torch

        from onlstm_parse.ops.precision import products_in

        lengths = [*map(len, sentences)]
        words = torch.tensor([index for ids in sentences for index in ids], device=self.device)
        n = max(lengths)
        spans = torch.zeros(len(lengths), n, n + 1, device=self.device, requires_grad=True)
        with products_in(self.precision, self.device):
            found = self.model(words, lengths, spans, viterbi=self.rule == "viterbi")
        (scores,) = torch.autograd.grad(found.sum(), spans, allow_unused=True, materialize_grads=True)
        cut = [one[:length, : length + 1] for one, length in zip(scores.cpu().numpy(), lengths, strict=True)]
        return list(zip(cut, (-found).tolist(), strict=True))
