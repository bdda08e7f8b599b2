"""Treebanks to trees: one file a format, and filters that say which leaves are words."""

from __future__ import annotations

from onlstm_parse.registry import Table

FORMATS = Table(
    "treebank format",
    {
        "penn": "onlstm_parse.treebanks.penn:PENN",
        "sinica": "onlstm_parse.treebanks.sinica:SINICA",
    },
)

WORD_FILTERS = Table(
    "word filter",
    {
        "penn-words": "onlstm_parse.treebanks.filters:penn_words",
        "unicode-words": "onlstm_parse.treebanks.filters:unicode_words",
        "none": "onlstm_parse.treebanks.filters:every_leaf",
    },
)
