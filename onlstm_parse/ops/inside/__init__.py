"""The inside algorithm of a simple PCFG: the probability of a sentence, summed over all its trees.

    inside(grammar, emissions, lengths, spans)             compiled, scaled instead of in log space
    inside_reference(grammar, emissions, lengths, spans)   plain, in log space; also with maxima (Viterbi)

In a simple PCFG the children of a symbol are independent of each other (Liu et al. 2023): A → B C has the
probability left[A, B] · right[A, C]. N nonterminals come first, then P preterminals, M = N + P in all.
A sentence derives from any symbol by `root`, so a single word has a probability too.
"""

from onlstm_parse.ops.inside.fast import inside
from onlstm_parse.ops.inside.reference import Rules, inside_reference

__all__ = ["Rules", "inside", "inside_reference"]
