"""Chinese without segmentation: every Chinese character is a token.

So is every kana. A run of other letters (with accents and inner apostrophes), a number, an address, an emoji
and `<unk>` stay whole. Every other mark is a token of its own.
"""

from __future__ import annotations

import re

from onlstm_parse.text.tokenisers.base import SPECIAL_TOKENS, WHOLE, Tokeniser

_ALONE = "〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff\u3041-\u3096\u30a1-\u30fa"
_LETTER = rf"(?:(?![{_ALONE}])[\w\u0300-\u036f])"
_TOKEN = re.compile(
    rf"{'|'.join(SPECIAL_TOKENS)}|{WHOLE}|\d+(?:[.,:/．：／]\d+)*[%％]?(?!{_LETTER})|{_LETTER}+(?:['’]{_LETTER}+)*|\S"
)


class Characters(Tokeniser):
    """A word of several characters has several forms."""

    open_vocabulary = True

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        words = _TOKEN.findall(line)
        return words, words

    def forms_of(self, word: str) -> list[str]:
        return self.tokenise(word)[1] or [word]
