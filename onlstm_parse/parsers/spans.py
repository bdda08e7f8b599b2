"""A span parser as a parser: the tree of the most expected brackets, or of the largest sum of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onlstm_parse.parsers.charts import ChartParser

if TYPE_CHECKING:
    import numpy as np

    from onlstm_parse.runs import Run


class SpanScoreParser(ChartParser):
    """`rule` is `expected`, the tree of the most expected brackets (Goodman 1996), or `scores`, the most
    probable tree. `scores` are the probabilities of brackets over all trees, or what the network gives.
    """

    def __init__(
        self,
        run: Run,
        rule: str | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
    ) -> None:
        super().__init__(run, ["expected", "scores"], rule, device, precision, keep_dropped)

    def score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float | None]]:
        import torch

        from onlstm_parse.ops.log_trees import bracket_probabilities
        from onlstm_parse.ops.precision import products_in

        lengths = [*map(len, sentences)]
        words = torch.nn.utils.rnn.pad_sequence([*map(torch.tensor, sentences)]).to(self.device)
        with torch.no_grad(), products_in(self.precision, self.device):
            scores = self.model(words, lengths)
        if self.rule == "expected":
            scores = bracket_probabilities(scores, lengths)
        cut = zip(scores.cpu().numpy(), lengths, strict=True)
        return [(one[:length, : length + 1], None) for one, length in cut]
