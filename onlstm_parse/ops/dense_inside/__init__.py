"""The inside algorithm of a grammar whose rules A → B C have a probability each (Kim et al. 2019).

    dense_inside(rules, emissions, lengths, spans)             compiled where it can be, else scaled
    dense_inside_scaled(rules, emissions, lengths, spans)      in plain PyTorch, on any device
    dense_inside_reference(rules, emissions, lengths, spans)   plain, in log space; also with maxima (Viterbi)

Arguments and results are those of `ops.inside`, but for the rules. N nonterminals come first, then P
preterminals, M = N + P in all; time and memory rise with N · M². Rules may be those of all sentences or of
each.
"""

from torch import Tensor

from onlstm_parse.ops import native
from onlstm_parse.ops.dense_inside.compiled import dense_inside_compiled
from onlstm_parse.ops.dense_inside.reference import DenseRules, dense_inside_reference
from onlstm_parse.ops.dense_inside.scaled import dense_inside_scaled

__all__ = ["DenseRules", "dense_inside", "dense_inside_reference", "dense_inside_scaled"]


def dense_inside(
    rules: DenseRules, emissions: Tensor, lengths: list[int], spans: Tensor | None = None
) -> Tensor:
    """The log probability of each sentence, (B,): as `dense_inside_reference`."""
    form = dense_inside_scaled if native.compiled_type(emissions) is None else dense_inside_compiled
    return form(rules, emissions, lengths, spans)
