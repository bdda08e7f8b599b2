"""Text that is already tokenised: words are what white space parts."""

from __future__ import annotations

from onlstm_parse.text.tokenisers.base import Tokeniser


class Whitespace(Tokeniser):
    """White space is Unicode's: a full-width space parts words, and so does a no-break space."""

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        words = line.split()
        return words, words
