"""The objective of grammars that learn from other parsers: trees come from a pool of brackets.

Parse-focusing (Park and Kim, ACL 2024): the pool of a sentence is every bracket that any of the other parsers
gives it. The likelihood is summed over trees of these brackets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from onlstm_parse.training.sentences import SentenceObjective
from onlstm_parse.training.trees import ParsedSentences

# What a bracket outside the pool costs, in nats. Not infinite: where its parsers read different words, a pool
# may have no whole tree.
PENALTY = 10.0


class PooledSentences:
    """Sentences and their pools, read as `text.batches.Sentences` are."""

    def __init__(self, parsed: ParsedSentences) -> None:
        self._words, self._brackets = parsed.words, parsed.brackets
        self.lengths: np.ndarray = np.array([len(words) for words in parsed.words])

    def __len__(self) -> int:
        return len(self.lengths)

    def counts(self, vocabulary_size: int) -> np.ndarray:
        """How often each word occurs, (V,)."""
        return np.bincount(np.concatenate(self._words), minlength=vocabulary_size)

    def read(self, chosen: np.ndarray) -> tuple[np.ndarray, list[int]]:
        """The ids of the chosen sentences, one after another, and their lengths."""
        return np.concatenate([self._words[index] for index in chosen]), self.lengths[chosen].tolist()

    def spans(self, chosen: np.ndarray) -> Tensor:
        """0 for the brackets of the pool, -PENALTY for others: (B, n, n + 1)."""
        longest = int(self.lengths[chosen].max())
        scores = torch.full((len(chosen), longest, longest + 1), -PENALTY)
        for row, index in enumerate(chosen):
            starts, stops = torch.from_numpy(self._brackets[index]).unbind(1)
            scores[row, starts, stops] = 0.0
        return scores


class PooledObjective(SentenceObjective):
    """The likelihood of sentences, summed over the trees of their pools."""

    def sides(self, text: Any) -> Any:
        return [PooledSentences(side) for side in (text.train, text.valid)]

    def spans(self, side: PooledSentences, chosen: np.ndarray) -> Tensor:
        return side.spans(chosen).to(self.device)
