"""Scores of trees against gold trees: counts for each sentence, sums, scores, signatures."""

from __future__ import annotations

from onlstm_parse.registry import Table

PROTOCOLS = Table(
    "protocol",
    {
        "shen2019": "onlstm_parse.scoring.protocols:SHEN2019",
        "kim2019": "onlstm_parse.scoring.protocols:KIM2019",
        "evalb": "onlstm_parse.scoring.protocols:EVALB",
        "strict": "onlstm_parse.scoring.protocols:STRICT",
    },
    "onlstm_parse.protocols",
)
