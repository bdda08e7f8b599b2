"""The inside algorithm of a grammar whose rules A → B C have a probability each (Kim et al. 2019).

    dense_inside(rules, emissions, lengths, spans)             scaled instead of in log space
    dense_inside_reference(rules, emissions, lengths, spans)   plain, in log space; also with maxima (Viterbi)

Arguments and results are those of `ops.inside`, but for the rules. N nonterminals come first, then P
preterminals, M = N + P in all; time and memory rise with N · M². Rules may be those of all sentences or of
each.
"""

from onlstm_parse.ops.dense_inside.fast import dense_inside
from onlstm_parse.ops.dense_inside.reference import DenseRules, dense_inside_reference

__all__ = ["DenseRules", "dense_inside", "dense_inside_reference"]
