"""From levels to brackets, and trivial parsers to compare with.

A splitter is `levels -> brackets`; expectations are `levels of sentences -> probabilities of spans`, from
which CYK takes brackets; a trivial parser is `(n_words, rng) -> brackets`. Brackets are half-open spans of
two words or more, children before parents, so the whole sentence comes last. `Tree.from_spans(words,
brackets)` is the tree.
"""

from __future__ import annotations

from onlstm_parse.registry import Table

SPLITTERS = Table(
    "rule",
    {
        "token": "onlstm_parse.induction.splitters:token_rule",
        "gap": "onlstm_parse.induction.splitters:gap_rule",
    },
    "onlstm_parse.splitters",
)

EXPECTATIONS = Table(
    "rule",
    {
        "expected-token": "onlstm_parse.induction.expected:token_rule",
        "expected-gap": "onlstm_parse.induction.expected:gap_rule",
    },
)

TRIVIAL_PARSERS = Table(
    "parser",
    {
        "left": "onlstm_parse.induction.trivial:left",
        "right": "onlstm_parse.induction.trivial:right",
        "balanced": "onlstm_parse.induction.trivial:balanced",
        "random": "onlstm_parse.induction.trivial:random_splits",
        "random-levels-token": "onlstm_parse.induction.trivial:random_levels_token",
        "random-levels-gap": "onlstm_parse.induction.trivial:random_levels_gap",
    },
)
