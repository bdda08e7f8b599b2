"""Trees that another program made, as a parser: it knows the sentences of a file, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onlstm_parse.flat import Span
from onlstm_parse.parsers.base import Analysis, Parser
from onlstm_parse.parsers.trivial import SpacedWords
from onlstm_parse.text.pipeline import Encoded
from onlstm_parse.treebanks.reading import read_treebank


class TreeFileParser(Parser):
    """Looks a sentence up by its words. A sentence that the file does not have gets no brackets."""

    def __init__(self, path: Path) -> None:
        """Raises FormatError where the file holds no trees."""
        self.rules = ["file"]
        super().__init__(SpacedWords(), rule="file", keep_dropped=True)
        self._brackets: dict[tuple[str, ...], list[Span]] = {}
        for sentence in read_treebank(path):
            spans = {(start, stop) for start, stop, _ in sentence.tree.spans() if stop - start > 1}
            self._brackets[tuple(sentence.tree.leaves())] = sorted(spans)

    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        return [Analysis(self._brackets.get(tuple(sentence.words), [])) for sentence in sentences]
