"""What punctuation says about trees: no bracket begins within one clause and ends within another.

Parsers read words without punctuation, which then helps where it stands in the sentence: between two marks
is a clause, and a bracket that takes in words of two clauses begins with the first or ends with the last word
of one. Spitkovsky et al. (CoNLL 2011) have constraints of this kind for dependencies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from onlstm_parse.text.normalisation import PENN_BRACKET
from onlstm_parse.text.pipeline import Encoded
from onlstm_parse.treebanks.words import no_punctuation_marks

WITHIN_WORDS = frozenset({"-", "'", "’", "/", "*", "_", "·", "‧", "・"})


def is_mark(word: str) -> bool:
    """Whether a word is punctuation between or around clauses, in any script.

    >>> [is_mark(word) for word in [",", "...", "-LRB-", "。", "-", "'s", "%"]]
    [True, True, True, True, False, False, False]
    """
    if PENN_BRACKET.fullmatch(word):
        return True
    return bool(word) and word not in WITHIN_WORDS and not no_punctuation_marks(word, None)


def barred(sentence: Encoded) -> np.ndarray | None:
    """The spans of the words that are read, (n, n + 1), that no tree may have; None if there are none."""
    if all(sentence.pieces):
        return None
    clauses = np.fromiter(_clauses(sentence), dtype=np.int64)
    if not len(clauses) or clauses[0] == clauses[-1]:
        return None
    ends = clauses[1:] != clauses[:-1]
    inside_at_start, inside_at_stop = np.r_[False, ~ends], np.r_[False, ~ends, False]
    several = clauses[:, None] != np.r_[clauses[:1], clauses]  # from the first to the last word of the span
    table = inside_at_start[:, None] & inside_at_stop & several
    return np.triu(table, 2)


def _clauses(sentence: Encoded) -> Iterator[int]:
    """The number of the clause of each word that is read."""
    number = 0
    for word, pieces in zip(sentence.words, sentence.pieces, strict=True):
        if pieces:
            yield number
        elif is_mark(word):
            number += 1
