"""Penn Treebank tokens of English by nltk, in the spelling of the user.

Addresses and emoji stay whole. Quotes stay as they were written; curly quotes are read as straight ones. nltk
takes a line as one sentence: it cuts off only the last full stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from onlstm_parse.text.tokenisers.base import SPECIAL_TOKENS, WHOLE, Tokeniser

_STRAIGHT = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")
_SPACE = re.compile(r"\s*")
_WHOLE = re.compile(WHOLE)
# nltk gives up on what takes it more than five seconds, so a long line comes in parts,
# cut at white space where there is any.
_PART = re.compile(r"\s*\S(?s:.{0,4095}(?=\s|\Z)|.{0,4095})")


class Ptb(Tokeniser):
    library = "nltk"

    @cached_property
    def _nltk(self) -> Any:
        from nltk.tokenize import NLTKWordTokenizer

        return NLTKWordTokenizer()

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        words, forms = [], []
        straight = line.translate(_STRAIGHT)
        for part in _PART.finditer(straight):
            for start, stop in self._spans(part.group()):
                span = slice(part.start() + start, part.start() + stop)
                words.append(line[span])
                forms.append(straight[span])
        return words, forms

    def forms_of(self, word: str) -> list[str]:
        return [word.translate(_STRAIGHT)]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """The places of nltk's tokens in the text. nltk changes white space and quotes only."""
        for number, special in enumerate(SPECIAL_TOKENS):
            text = text.replace(special, chr(0xE000 + number) * len(special))  # a letter to nltk
        text = _WHOLE.sub(lambda whole: "\ue00f" * len(whole[0]), text)
        at = 0
        for token in self._nltk.tokenize(text):
            start = _SPACE.match(text, at).end()  # type: ignore[union-attr]
            if text.startswith(token, start):
                at = start + len(token)
            else:  # `` or '' now: was it one character or two?
                at = start + (1 if text[start] == '"' else 2)
            yield start, at
