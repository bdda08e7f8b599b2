"""The objective of grammars that learn from other parsers: the votes for brackets are a prior on trees.

    p(words, tree) · exp(strength · votes for the brackets of the tree)

is summed over all trees. So the grammar prefers trees that others vote for, and the text decides where they
do not agree. It is a soft form of parse-focusing (Park and Kim, ACL 2024), which sums over the trees of a
pool of brackets. When it parses, the grammar is free.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from onlstm_parse.text.batches import Sentences
from onlstm_parse.text.vocabulary import EOS_ID
from onlstm_parse.training.sentences import SentenceObjective
from onlstm_parse.training.trees import ParsedSentences, unflattened


class VotedSentences(Sentences):
    """Sentences and the votes for their spans. `strength` is in nats for a bracket that all vote for."""

    def __init__(self, parsed: ParsedSentences, strength: float) -> None:
        ended = [np.append(words, EOS_ID) for words in parsed.words]
        super().__init__(np.concatenate(ended), max(map(len, parsed.words)))
        self._votes, self._strength = parsed.given, strength

    def spans(self, chosen: np.ndarray) -> Tensor:
        """The strength times the votes, (B, n, n + 1)."""
        votes = [self._votes[index] for index in chosen]
        return self._strength * unflattened(votes, self.lengths[chosen].tolist())


class VotedObjective(SentenceObjective):
    """The likelihood with votes as a prior. Validation is without votes, so perplexities compare."""

    def sides(self, text: Any) -> Any:
        return [VotedSentences(side, self.config.vote_strength) for side in (text.train, text.valid)]

    def spans(self, side: VotedSentences, chosen: np.ndarray) -> Tensor | None:
        return side.spans(chosen).to(self.device) if side is self.train else None
