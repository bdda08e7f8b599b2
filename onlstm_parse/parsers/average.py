"""The average of several parsers: each votes for brackets, and CYK takes the tree with the most votes.

Minimum Bayes risk over trees (Shayegh et al., ICLR 2024). There each parser votes for the brackets of its
tree. A parser that knows probabilities of brackets votes with them here: it has a say in what its tree leaves
out, and less where it is in doubt. They are scaled so that its own tree has as many votes as any other.

Members may have different vocabularies; they are given words. The words that count are those that the first
member reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import Span
from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.parsers.base import Analysis, Parser, load
from onlstm_parse.parsers.charts import best_trees
from onlstm_parse.parsers.opinions import Opinion
from onlstm_parse.parsers.punctuation import barred
from onlstm_parse.parsers.tree_file import TreeFileParser
from onlstm_parse.parsers.trivial import SpacedWords, TrivialParser
from onlstm_parse.registry import check_known
from onlstm_parse.runs import RunReference
from onlstm_parse.text.pipeline import Encoded

if TYPE_CHECKING:
    from onlstm_parse.runs import Run


EXPECTED, TREES = VOTES = ("expected", "trees")


@dataclass(frozen=True)
class Member:
    """A voter: a run under one of its layers and rules, a trivial parser, or a file of trees."""

    name: str
    """How the user named it; for a trivial parser its name in the table."""
    family: str
    """What it has in common with other members: its model. Weights are balanced between families."""
    weight: float = 1.0
    reference: RunReference | None = None
    """The run or file; None for a trivial parser."""
    layer: int | None = None
    rule: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.reference, dict):  # as read from a file
            object.__setattr__(self, "reference", RunReference(**self.reference))
        if not 0 <= self.weight < np.inf:
            raise UsageError(f"the weight of {self.name} must be at least 0, found {self.weight}")
        if self.reference is None:
            check_known("parser", self.name, TRIVIAL_PARSERS)


@dataclass(frozen=True)
class AverageConfig:
    """The members of an average, and the agreement that their weights come from, if any."""

    members: tuple[Member, ...]
    weights: str = "equal"
    """How the weights were chosen."""
    agreement: tuple[tuple[float, ...], ...] = ()
    """F1 between the trees of each two members, on raw text."""
    votes: str = TREES
    """What members vote with; one of VOTES. Averages that do not say were made before there was a choice."""

    def __post_init__(self) -> None:
        members = tuple(Member(**one) if isinstance(one, dict) else one for one in self.members)
        object.__setattr__(self, "members", members)
        check_known("way to vote", self.votes, list(VOTES))
        if not sum(member.weight for member in members) > 0:
            raise UsageError("an average needs a member with a weight above 0", remedy="name a run")


class Voter(NamedTuple):
    """A parser, and the members whose trees it gives: all layers and rules of a run come from one pass."""

    parser: Parser
    members: list[Member]


class AverageParser(Parser):
    """The tree with the most votes. `scores` of an analysis are the votes of all spans, a member having 1 in
    the mean for each bracket of its tree."""

    def __init__(
        self,
        run: Run,
        rule: str | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
    ) -> None:
        """Raises FormatError for a member that is gone or has changed, UsageError for an unknown rule."""
        self.rules = ["votes"]
        self.voters = list(_voters(run.config.model.members, run.folder, device, precision))
        readers = [voter.parser.reader for voter in self.voters]
        reader = next((one for one in readers if not isinstance(one, SpacedWords)), readers[0])
        super().__init__(reader, rule, keep_dropped)
        self.run = run
        self.total = sum(member.weight for member in run.config.model.members)

    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        lengths = [sum(map(bool, sentence.pieces)) for sentence in sentences]
        votes = [np.zeros((length, length + 1)) for length in lengths]
        for member, opinions in self._opinions(sentences):
            for scores, opinion in zip(votes, opinions, strict=True):
                scores += member.weight / self.total * opinion.votes(len(scores))
        analyses = [
            Analysis([], scores=scores, barred=barred(sentence))
            for sentence, scores in zip(sentences, votes, strict=True)
        ]
        trees = best_trees(votes, analyses)
        return [one._replace(brackets=tree) for one, tree in zip(analyses, trees, strict=True)]

    def votes(self, sentences: Sequence[Encoded]) -> list[np.ndarray]:
        return [analysis.scores for analysis in self.analyse(sentences) if analysis.scores is not None]

    def expectations(
        self, analyses: Sequence[Analysis], rule: str, layer: int | None
    ) -> list[np.ndarray] | None:
        """The share of the votes, at most 1."""
        return [np.minimum(analysis.scores, 1.0) for analysis in analyses if analysis.scores is not None]

    def ballots(self, sentences: Sequence[Encoded]) -> Iterator[tuple[Member, list[set[Span]]]]:
        """The brackets of each member's tree of every sentence, over the words that count."""
        for member, opinions in self._opinions(sentences):
            yield member, [opinion.tree() for opinion in opinions]

    def _opinions(self, sentences: Sequence[Encoded]) -> Iterator[tuple[Member, list[Opinion]]]:
        """What each member thinks of every sentence."""
        by_probability = self.run.config.model.votes == EXPECTED
        counted = [_places(sentence) for sentence in sentences]
        for parser, members in self.voters:
            own = sentences
            if parser.reader is not self.reader:
                own = [parser.reader.encode_words(sentence.words) for sentence in sentences]
            ways = [(member.rule or parser.rule, member.layer) for member in members]
            several = any(layer or parser.layer_of(rule) is None for rule, layer in ways)
            analyses = parser.analyse(own, all_layers=several)
            places = [
                [here.get(at) for at in _places(there)] for there, here in zip(own, counted, strict=True)
            ]
            for member, (rule, layer) in zip(members, ways, strict=True):
                expected = parser.expectations(analyses, rule, layer) if by_probability else None
                known: Iterable[np.ndarray | None] = repeat(None) if expected is None else expected
                yield member, [*map(Opinion, places, parser.brackets(analyses, rule, layer), known)]


def _voters(members: Iterable[Member], folder: Path, device: str, precision: str) -> Iterator[Voter]:
    """One voter for all members that come from the same run."""
    together: dict[object, list[Member]] = {}
    for member in members:
        together.setdefault(member.reference or member.name, []).append(member)
    for of_one in together.values():
        reference = of_one[0].reference
        if reference is None:
            yield Voter(TrivialParser(of_one[0].name), of_one)
        elif (path := reference.checked(folder)).is_file():
            yield Voter(TreeFileParser(path), of_one)
        else:
            parser = load(path, device=device, precision=precision)
            for member in of_one:
                _check_way(parser, member)
            yield Voter(parser, of_one)


def _check_way(parser: Parser, member: Member) -> None:
    """Raises UsageError for a layer or a rule that the member's run does not have."""
    if member.rule is not None:
        check_known(f"rule of {member.name}", member.rule, parser.rules)
    if member.layer is not None and parser.layers and parser.layer_of(member.rule or parser.rule) is None:
        remedy = "leave its layer out, or choose the rule token or gap"
        raise UsageError(f"{member.name}: the rule {member.rule} reads all layers", remedy=remedy)
    if member.layer is not None and not 1 <= member.layer <= parser.layers:
        layers = f"1 to {parser.layers}" if parser.layers else "none: it has no layers"
        raise UsageError(f"{member.name} has no layer {member.layer}", remedy=f"choose one of {layers}")


def _places(sentence: Encoded) -> dict[int, int]:
    """For the position of each word that is read, its place among them."""
    read = [position for position, pieces in enumerate(sentence.pieces) if pieces]
    return {position: place for place, position in enumerate(read)}
