"""Tokenisers: one a file. `base.Tokeniser` is their contract."""

from __future__ import annotations

from onlstm_parse.registry import Table

TOKENISERS = Table(
    "tokeniser",
    {
        "ptb": "onlstm_parse.text.tokenisers.ptb:Ptb",
        "whitespace": "onlstm_parse.text.tokenisers.whitespace:Whitespace",
        "jieba": "onlstm_parse.text.tokenisers.jieba_words:Jieba",
        "jieba-simplified": "onlstm_parse.text.tokenisers.jieba_simplified:JiebaSimplified",
        "characters": "onlstm_parse.text.tokenisers.characters:Characters",
        "sentencepiece": "onlstm_parse.text.tokenisers.pieces:SentencePiece",
    },
    "onlstm_parse.tokenisers",
)
