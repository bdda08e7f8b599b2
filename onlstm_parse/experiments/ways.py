"""Choose the layer and rule of each member of an average without gold trees: the way that others agree with.

Parsers of different families make different mistakes. What two of them have in common is likely to be right,
so of all ways to read a language model, that one is taken whose trees the other families come closest to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean

from onlstm_parse.errors import UsageError
from onlstm_parse.parsers.average import Member
from onlstm_parse.parsers.base import load
from onlstm_parse.runs import CONFIG

Matrix = Sequence[Sequence[float]]


def with_best_ways(
    members: Sequence[Member], folder: Path, agreement: Callable[[tuple[Member, ...]], Matrix]
) -> tuple[Member, ...]:
    """The members, each with the way that others agree with best; a member with a way of its own keeps it.

    `folder` is where the members are referred from, `agreement` gives the F1 between each two members. Raises
    UsageError if all members are of one family: models that learn alike agree on their mistakes too.
    """
    if len({member.family for member in members}) < 2:
        remedy = "add a member of another family, such as a simple-pcfg, or name layers and rules"
        raise UsageError("ways are chosen by the agreement of families, found one family", remedy=remedy)
    ways = [_ways(member, folder) for member in members]
    matrix = agreement(tuple(way for own in ways for way in own))
    starts = [*accumulate(map(len, ways), initial=0)]
    places = [range(*pair) for pair in pairwise(starts)]

    def closeness(at: int, number: int) -> float:
        """The mean F1 of a way with the closest way of each member of another family."""
        family = members[number].family
        others = (own for own, other in zip(places, members, strict=True) if other.family != family)
        return fmean(max(matrix[at][other] for other in own) for own in others)

    best = [max(own, key=lambda at: closeness(at, number)) for number, own in enumerate(places)]
    return tuple(own[at - start] for own, at, start in zip(ways, best, starts, strict=False))


def _ways(member: Member, folder: Path) -> list[Member]:
    """The member under each of its layers and rules, or as it is."""
    if member.reference is None or member.layer or member.rule:
        return [member]
    path = member.reference.place(folder)
    parser = load(path) if (path / CONFIG).exists() else None
    if parser is None or not parser.layers:
        return [member]
    named = [
        (f"layer={layer},rule={rule}" if layer else f"rule={rule}", layer, rule)
        for layer, rule in parser.ways()
    ]
    return [
        replace(member, name=f"{member.name}:{way}", layer=layer, rule=rule) for way, layer, rule in named
    ]
