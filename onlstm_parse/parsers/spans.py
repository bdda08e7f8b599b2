"""A span parser as a parser: the tree with the largest sum of span scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onlstm_parse.parsers.base import Analysis
from onlstm_parse.parsers.charts import ChartParser, padded, put_together, taken_apart

if TYPE_CHECKING:
    import numpy as np

    from onlstm_parse.runs import Run


class SpanScoreParser(ChartParser):
    """`scores` are those of `models.span_parser.SpanParser`."""

    def __init__(
        self,
        run: Run,
        rule: str | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
    ) -> None:
        super().__init__(run, ["scores"], rule, device, precision, keep_dropped)

    def expectations(
        self, analyses: Sequence[Analysis], rule: str, layer: int | None
    ) -> list[np.ndarray] | None:
        """Of a long sentence each part by itself, as it was scored."""
        import torch

        cut = [taken_apart(analysis.scores) for analysis in analyses if analysis.scores is not None]
        tables = [part for parts in cut for part in parts]
        for indices, together, lengths in padded(tables):
            scores = torch.from_numpy(together).float().to(self.device)
            probabilities = self.model.probabilities(scores, lengths).cpu().numpy()
            for index, found, n in zip(indices, probabilities, lengths, strict=True):
                tables[index] = found[:n, : n + 1]
        done = iter(tables)
        return [put_together([next(done) for _ in parts]) for parts in cut]

    def score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float | None]]:
        import torch

        from onlstm_parse.ops.precision import products_in

        lengths = [*map(len, sentences)]
        words = torch.nn.utils.rnn.pad_sequence([*map(torch.tensor, sentences)]).to(self.device)
        with torch.no_grad(), products_in(self.precision, self.device):
            scores = self.model(words, lengths).cpu().numpy()
        return [(one[:length, : length + 1], None) for one, length in zip(scores, lengths, strict=True)]
