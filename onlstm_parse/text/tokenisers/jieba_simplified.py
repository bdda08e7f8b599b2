"""Chinese words in either script: jieba cuts the simplified form of the characters.

jieba's dictionary has simplified words. OpenCC's table gives the simplified form of each character, which is
cut, and which a model reads. So one vocabulary serves both scripts. The words of the user stay as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from onlstm_parse.text.tokenisers.jieba_words import Jieba


class JiebaSimplified(Jieba):
    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        read = simplified(line)
        forms, _ = super().tokenise(read)
        words, at = [], 0
        for form in forms:  # white space between forms is in no word
            at = read.index(form, at) + len(form)
            words.append(line[at - len(form) : at])
        return words, forms

    def forms_of(self, word: str) -> list[str]:
        return [simplified(word)]


def simplified(text: str) -> str:
    """The text with every traditional character as its simplified one, position by position."""
    return text.translate(_SIMPLIFIED)


class _Simplified(dict[int, str]):
    """From code points to characters, filled as they are met."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        surrogate = 0xD800 <= point < 0xE000  # has no UTF-8
        found = character if character.isascii() or surrogate else _opencc().convert(character)
        self[point] = found if len(found) == 1 else character
        return self[point]


@cache
def _opencc() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


_SIMPLIFIED = _Simplified()
