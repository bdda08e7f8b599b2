"""Where the spans of a batch are kept: packed by width, so that all spans of a width are one matrix.

Words are numbered through all sentences, which are ordered from the longest to the shortest. The span of
width w that starts at word t of sentence b has the row first[w] + t - b (w - 1): each of the b sentences
before it has w - 1 spans less than words.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Layout:
    """The rows of the spans of sentences whose lengths never rise. Width 1 comes first: a row a word."""

    def __init__(self, lengths: list[int]) -> None:
        self.lengths = torch.tensor(lengths)
        """(B,)"""
        widths = torch.arange(1, lengths[0] + 1)
        counts = (self.lengths - widths[:, None] + 1).clamp_min(0)  # (widths, B)
        self.first = torch.cat((torch.zeros(2, dtype=torch.long), counts.sum(1).cumsum(0)))
        """(widths + 2,): the first row of width w at [w]; at the end the number of rows."""
        self.words = torch.cat((torch.zeros(1, dtype=torch.long), self.lengths.cumsum(0)))
        """(B + 1,): the first word of each sentence; at the end the number of words."""
        sentences = torch.arange(len(lengths))
        self.owners = sentences.repeat(len(widths)).repeat_interleave(counts.flatten())
        """(rows,): the sentence of each row."""
        self.roots = self.first[self.lengths] + self.words[:-1] - sentences * (self.lengths - 1)
        """(B,): the row of each whole sentence."""
        self.rows = int(self.first[-1])
        self.widths = range(2, lengths[0] + 1)
        """Those of brackets."""
        self.facts = self.first, self.words, self.owners

    def of_width(self, width: int, without: int = 0) -> slice:
        """The rows of a width; counted from row `without`."""
        return slice(int(self.first[width]) - without, int(self.first[width + 1]) - without)

    def positions(self) -> tuple[Tensor, Tensor, Tensor]:
        """(rows,) each: the sentence, the start and the stop of every row, counted within the sentence."""
        widths = torch.arange(1, len(self.first) - 1).repeat_interleave(self.first.diff()[1:])
        local = torch.arange(self.rows) - self.first[widths]
        starts = local + self.owners * (widths - 1) - self.words[self.owners]
        return self.owners, starts, starts + widths
