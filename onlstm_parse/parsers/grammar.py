"""A grammar as a parser: the probabilities of brackets over all trees, and the tree that suits them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from onlstm_parse.parsers.charts import ChartParser, parts_of
from onlstm_parse.text.batches import batch_by_length
from onlstm_parse.text.pipeline import Encoded

if TYPE_CHECKING:
    import numpy as np

    from onlstm_parse.runs import Run

# Without the memory that brackets need.
LOSS_WORDS_AT_ONCE = 8192


class GrammarParser(ChartParser):
    """`scores` are probabilities of brackets; with `viterbi`, 1 for those of the best derivation.

    `rule` is `expected`, the tree of the most expected brackets (Goodman 1996), or `viterbi`, the tree of
    the most probable derivation, which is much slower.
    """

    def __init__(
        self,
        run: Run,
        rule: str | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
    ) -> None:
        super().__init__(run, ["expected", "viterbi"], rule, device, precision, keep_dropped)
        self.objective = run.config.model.objective

    @cached_property
    def shared(self) -> Any:
        """What the model computes once for all sentences."""
        from onlstm_parse.ops.precision import products_in

        with products_in(self.precision, self.device):
            return self.model.shared()

    def score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float | None]]:
        import torch

        from onlstm_parse.ops.precision import products_in

        lengths = [*map(len, sentences)]
        words = torch.tensor([index for ids in sentences for index in ids], device=self.device)
        n = max(lengths)
        spans = torch.zeros(len(lengths), n, n + 1, device=self.device, requires_grad=True)
        with products_in(self.precision, self.device):
            found = self.model(words, lengths, spans, self.rule == "viterbi", self.shared)
        total = found.sum() + spans[..., :0].sum()  # sentences of one word depend on no bracket
        (scores,) = torch.autograd.grad(total, spans)
        cut = [one[:length, : length + 1] for one, length in zip(scores.cpu().numpy(), lengths, strict=True)]
        return list(zip(cut, (-found).tolist(), strict=True))

    def losses(self, sentences: Sequence[Encoded]) -> list[float]:
        """Without the scores of brackets, and each distinct sentence once: much faster than `analyse`."""
        import torch

        from onlstm_parse.ops.memory import return_freed_memory
        from onlstm_parse.ops.precision import products_in

        split = [[*map(tuple, parts_of(sentence.ids))] for sentence in sentences]
        distinct = sorted({part for parts in split for part in parts})
        found: dict[tuple[int, ...], float] = {}
        for batch in batch_by_length([*map(len, distinct)], LOSS_WORDS_AT_ONCE):
            chosen = [distinct[index] for index in batch.sentences]
            words = torch.tensor([index for part in chosen for index in part], device=self.device)
            with torch.no_grad(), products_in(self.precision, self.device):
                values = self.model(words, [*map(len, chosen)], shared=self.shared)
            found.update(zip(chosen, (-values).tolist(), strict=True))
        return_freed_memory()
        return [sum(found[part] for part in parts) for parts in split]
