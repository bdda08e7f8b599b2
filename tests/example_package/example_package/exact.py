"""Sentence F1 with the whole-sentence bracket."""

from onlstm_parse.scoring.protocols import Protocol, exact_rates

EXACT = Protocol(min_words=2, whole=1, rates=exact_rates)
