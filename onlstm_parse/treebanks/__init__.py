"""Treebanks to trees: one file a format. Filters change trees; word filters choose the words that count."""

from __future__ import annotations

from onlstm_parse.registry import Table

FORMATS = Table(
    "treebank format",
    {
        "penn": "onlstm_parse.treebanks.penn:PENN",
        "ctb": "onlstm_parse.treebanks.ctb:CTB",
        "sinica": "onlstm_parse.treebanks.sinica:SINICA",
        "negra": "onlstm_parse.treebanks.negra:NEGRA",
        "tiger": "onlstm_parse.treebanks.tiger:TIGER",
        "alpino": "onlstm_parse.treebanks.alpino:ALPINO",
        "conllu": "onlstm_parse.treebanks.conllu:CONLLU",
    },
    "onlstm_parse.treebanks",
)

WORD_FILTERS = Table(
    "word filter",
    {
        "penn-words": "onlstm_parse.treebanks.words:penn_words",
        "unicode-words": "onlstm_parse.treebanks.words:unicode_words",
        "no-punctuation": "onlstm_parse.treebanks.words:no_punctuation",
        "no-punctuation-tags": "onlstm_parse.treebanks.words:no_punctuation_tags",
        "no-punctuation-marks": "onlstm_parse.treebanks.words:no_punctuation_marks",
        "none": "onlstm_parse.treebanks.words:every_leaf",
    },
)

FILTERS = Table(
    "filter",
    {
        "roots": "onlstm_parse.treebanks.filters:roots",
        "traces": "onlstm_parse.treebanks.filters:traces",
        "punctuation": "onlstm_parse.treebanks.filters:punctuation",
        "words": "onlstm_parse.treebanks.filters:words",
        "function-tags": "onlstm_parse.treebanks.filters:function_tags",
        "unaries": "onlstm_parse.treebanks.filters:unaries",
        "length": "onlstm_parse.treebanks.filters:length",
    },
)
