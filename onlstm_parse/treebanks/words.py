"""Word filters: each keeps or drops a leaf by its word and its tag.

Every filter drops empty elements (`-NONE-`). `penn-words` is the published English setting: the 36 word tags
of the Penn Treebank, so neither punctuation nor currency signs (Shen et al. 2018). Filters with `tags` in
their name use the tag and need a treebank that has tags. Those with `marks` use the characters.
"""

from __future__ import annotations

from unicodedata import category

PENN_WORD_TAGS = frozenset(
    """CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH
    VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB""".split()  # noqa: SIM905
)
# Penn and its successors; the Chinese Treebank; NEGRA and TIGER; Alpino; Universal Dependencies.
PUNCTUATION_TAGS = frozenset(
    """. , : `` '' " ( ) -LRB- -RRB- HYPH NFP PU $. $, $( $[ $-LRB- $*LRB* let punct PUNCT""".split()  # noqa: SIM905
)
# Punctuation that Unicode counts among symbols, and punctuation that is read out as a word.
_ALSO_MARKS = frozenset("`´~～｜|─━—")
_READ_OUT = frozenset("%％‰&＆@＠#＃§")
EMPTY = "-NONE-"


def penn_words(word: str, tag: str | None) -> bool:
    """Keep leaves with one of the Penn Treebank's 36 word tags."""
    return tag in PENN_WORD_TAGS


def unicode_words(word: str, tag: str | None) -> bool:
    """Keep leaves with a letter or a digit, in any script."""
    return tag != EMPTY and any(character.isalnum() for character in word)


def no_punctuation(word: str, tag: str | None) -> bool:
    """Drop punctuation: by tag if there is one, by characters for a bare leaf."""
    return no_punctuation_marks(word, tag) if tag is None else no_punctuation_tags(word, tag)


def no_punctuation_tags(word: str, tag: str | None) -> bool:
    """Drop leaves with a punctuation tag of any treebank that has a reader here."""
    return tag != EMPTY and tag not in PUNCTUATION_TAGS


def no_punctuation_marks(word: str, tag: str | None) -> bool:
    """Drop leaves of punctuation only, half or full width, in any script; `%` and `&` are words."""
    return tag != EMPTY and not (word and all(map(_is_mark, word)))


def every_leaf(word: str, tag: str | None) -> bool:
    """Keep everything but empty elements."""
    return tag != EMPTY


def _is_mark(character: str) -> bool:
    return character in _ALSO_MARKS or (category(character)[0] == "P" and character not in _READ_OUT)
