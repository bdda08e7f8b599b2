r"""Named policies for tokens. Each maps a token to its normal form, or to None, which drops it.

`mikolov` follows the Penn Treebank text of Mikolov et al. (2010), except its limit of 10,000 words: lower
case; every number is N, and so is `%`; punctuation is dropped, but `$`, `#`, `&`, the possessive `'` and the
footnote mark `\*` stay; a word that contains digits (30-day, 1950s, '80s) stays. `words` is for any language:
only tokens with a letter or digit stay. Full-width digits and punctuation count as such. No policy composes
or decomposes accents.
"""

from __future__ import annotations

import re
from functools import lru_cache

from onlstm_parse.registry import Table

NORMALISATIONS = Table(
    "normalisation",
    {name: f"onlstm_parse.text.normalisation:{name}" for name in ("none", "lower", "mikolov", "words")},
)

NUMBER = "N"
SPECIAL = frozenset({"<eos>", "<unk>", NUMBER})  # in prepared text these are already normal forms
# 12,000 · 1.5 · 1\/2 · 1986-87 · 3:15 · 30% · -5 · １．５ · ½; sentencepiece marks the start of a word.
_NUMERIC = r"\d¼-¾⅐-⅞"
_SIGNS = r"-+.,:/\\%．，：／％－＋"
_NUMBER = re.compile(rf"▁?[{_SIGNS}]*[{_NUMERIC}][{_NUMERIC}{_SIGNS}]*")
PENN_BRACKET = re.compile(r"-[lr][rcs]b-", re.IGNORECASE)  # as the Penn Treebank writes them
_TREEBANK_SIGNS = frozenset({"$", "#", "&", "'", r"\*", r"\*\*"})


def none(token: str) -> str | None:
    """The token itself."""
    return token


def lower(token: str) -> str | None:
    """Lower case."""
    return token if token in SPECIAL else token.lower()


@lru_cache(1 << 16)
def mikolov(token: str) -> str | None:
    """As in Mikolov's Penn Treebank text.

    >>> [mikolov(token) for token in ["Vinken", ",", "1.5", "%", "$", "30-day", "-LRB-", "<unk>"]]
    ['vinken', None, 'N', 'N', '$', '30-day', None, '<unk>']
    """
    if token in _TREEBANK_SIGNS:
        return token
    return NUMBER if token == "%" else words(token)


@lru_cache(1 << 16)
def words(token: str) -> str | None:
    """Lower case, numbers as N; drops what has neither letter nor digit."""
    if token in SPECIAL:
        return token
    if _NUMBER.fullmatch(token):
        return NUMBER
    token = token.lower()
    if PENN_BRACKET.fullmatch(token) or not any(character.isalnum() for character in token):
        return None
    return token
