"""Corpora: known by name, made from grammars, or fetched. Imports nothing heavy.

A name works wherever a path is expected: `locate_text("ptb-lm")`.
"""

from __future__ import annotations

from onlstm_parse.corpora.catalogue import CORPORA, Corpus
from onlstm_parse.corpora.locate import (
    find,
    has_trees,
    lasting,
    locate_gold,
    locate_measured,
    locate_pairs,
    locate_test,
    locate_text,
    locate_treebank,
    locate_valid,
)

__all__ = [
    "CORPORA",
    "Corpus",
    "find",
    "has_trees",
    "lasting",
    "locate_gold",
    "locate_measured",
    "locate_pairs",
    "locate_test",
    "locate_text",
    "locate_treebank",
    "locate_valid",
]
