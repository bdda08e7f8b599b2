"""A span parser as a parser: the tree with the largest sum of span scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onlstm_parse.parsers.charts import ChartParser

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

    def score(self, sentences: list[list[int]]) -> list[tuple[np.ndarray, float | None]]:
        import torch

        from onlstm_parse.ops.precision import products_in

        lengths = [*map(len, sentences)]
        words = torch.nn.utils.rnn.pad_sequence([*map(torch.tensor, sentences)]).to(self.device)
        with torch.no_grad(), products_in(self.precision, self.device):
            scores = self.model(words, lengths).cpu().numpy()
        return [(one[:length, : length + 1], None) for one, length in zip(scores, lengths, strict=True)]
