"""Parsers that look at nothing but the number of words: no run, no vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.parsers.base import Analysis, Parser
from onlstm_parse.text.pipeline import Encoded


class SpacedWords:
    """Reads every word; a line is cut at its spaces."""

    def encode(self, line: str) -> Encoded:
        return self.encode_words(line.split())

    def encode_words(self, words: Iterable[str]) -> Encoded:
        words = list(words)
        return Encoded(words, [[position] for position in range(len(words))])


class TrivialParser(Parser):
    """`name` is one of `induction.TRIVIAL_PARSERS`; a random one draws from `seed`, sentence by sentence."""

    def __init__(self, name: str, seed: int = 1) -> None:
        """Raises UsageError for an unknown name."""
        self.rules = [name]
        super().__init__(SpacedWords(), rule=name, keep_dropped=True)
        self._split, self._random = TRIVIAL_PARSERS[name], Random(seed)

    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        return [Analysis(self._split(len(sentence.words), self._random)) for sentence in sentences]
