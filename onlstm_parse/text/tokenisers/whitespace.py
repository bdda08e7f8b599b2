"""Text that is already tokenised: white space separates words."""

from __future__ import annotations

from onlstm_parse.text.tokenisers.base import Tokeniser


class Whitespace(Tokeniser):
    """White space as in Unicode: a full-width space and a no-break space separate words."""

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        words = line.split()
        return words, words
