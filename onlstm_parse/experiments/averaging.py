"""Make a run that averages other parsers, with weights that need no gold tree.

Weights are
    equal      1 for each member
    families   1 for each family, shared by its members: ten seeds of one model do not outvote two of another
    agreement  as families, times the member's mean F1 with the members of other families on raw text
The weight that a user gives to a member multiplies its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, combinations, islice
from pathlib import Path
from statistics import fmean
from typing import Any

from onlstm_parse import corpora
from onlstm_parse.display.tables import plain_table
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.experiments.ways import with_best_ways
from onlstm_parse.files import written_whole
from onlstm_parse.flat import Span
from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.models import AVERAGE
from onlstm_parse.parsers.average import EXPECTED, VOTES, AverageConfig, AverageParser, Member
from onlstm_parse.pretrained import locate_run
from onlstm_parse.registry import check_known, nearest
from onlstm_parse.runs import CONFIG, Run, RunConfig, RunReference
from onlstm_parse.text.pipeline import Encoded
from onlstm_parse.text.reading import read_lines
from onlstm_parse.text.sources import Source

WEIGHTS = ("equal", "families", "agreement")
SETTINGS = ("layer", "rule", "weight", "family")


def average(
    members: Sequence[str | Path],
    out: str | Path,
    *,
    weights: str = "families",
    text: str | Path | Sequence[str | Path] | None = None,
    sentences: int = 1000,
    choose_ways: bool = False,
    votes: str = EXPECTED,
) -> Run:
    """Make the average of `members` in the folder `out`.

    A member is "RUN", "RUN:layer=2,rule=gap,weight=1.5,family=NAME", a trivial parser ("right=1.5"), or a
    file of trees, one for each sentence that will be parsed. Agreement is measured on `sentences` lines of
    `text`, or of several texts; by default the validation text of the first run that has one. `choose_ways`
    gives each language model without a layer or rule the one that other families agree with best, see `ways`.
    Members vote with probabilities of brackets where they know them, or all with their `trees`. Raises
    OnlstmError.
    """
    folder = Path(out)
    check_known("way to choose weights", weights, list(WEIGHTS))
    check_known("way to vote", votes, list(VOTES))
    if (folder / CONFIG).exists():
        raise OnlstmError("a run is here already", file=folder, remedy="choose another --out")
    if not members:
        raise UsageError("an average of nothing", remedy="name runs, trivial parsers or files of trees")
    chosen = tuple(member_of(str(spec), folder) for spec in members)
    config = AverageConfig(chosen, weights, votes=votes)
    _parser(config, folder)  # raises for members that do not load
    texts = [text] if isinstance(text, str | Path) else text
    named = _validation_text(chosen, folder) if texts is None else [*map(corpora.lasting, texts)]
    if named:

        def agreement(voters: tuple[Member, ...]) -> list[list[float]]:
            return agreement_of(_parser(AverageConfig(voters), folder), named, sentences)

        voters = with_best_ways(chosen, folder, agreement) if choose_ways else chosen
        config = replace(config, members=voters, agreement=tuple(map(tuple, agreement(voters))))
    elif weights == "agreement" or choose_ways:
        raise UsageError("no text to measure agreement on", remedy="name one with --text")
    config = replace(config, members=_weighted(config))
    data = {"text": named if len(named) > 1 else next(iter(named), None), "sentences": sentences}
    folder.mkdir(parents=True, exist_ok=True)
    RunConfig(config, None, data=data, kind=AVERAGE).save(folder)
    return Run.load(folder)


def _parser(config: AverageConfig, folder: Path) -> AverageParser:
    return AverageParser(Run(folder, RunConfig(config, None, kind=AVERAGE), None, None))


def member_of(spec: str, folder: Path) -> Member:
    """A member as the user names it. Raises UsageError or OnlstmError."""
    name, _, listed = spec.rpartition(":") if re.search(r":\w+=[^/]*$", spec) else (spec, "", "")
    settings = {}
    for pair in filter(None, listed.split(",")):
        key, equals, value = pair.partition("=")
        check_known(f"setting of the member {name}", key, list(SETTINGS))
        if not equals or not value:
            raise UsageError(f"{spec}: expected {key}=VALUE, found {pair!r}")
        settings[key] = value
    trivial, equals, weight = name.partition("=")
    if trivial in TRIVIAL_PARSERS and not Path(name).exists():
        return Member(
            trivial,
            settings.get("family", trivial),
            _number(weight or settings.get("weight", "1"), float, spec),
        )
    path = locate_run(name)
    if not path.exists():
        remedy = nearest(trivial, TRIVIAL_PARSERS) if equals else "name a run, a trivial parser or a file"
        raise OnlstmError("expected a member, found nothing", file=path, remedy=remedy)
    family = path.name if path.is_file() else family_of(path)
    return Member(
        spec,
        settings.get("family", family),
        _number(settings.get("weight", "1"), float, spec),
        RunReference.to(path, folder),
        _number(settings["layer"], int, spec) if "layer" in settings else None,
        settings.get("rule"),
    )


def family_of(path: Path) -> str:
    """The model of a run; an average is a family of its own."""
    config = RunConfig.load(path)
    return str(getattr(config.model, "model", path.name))


def _number(value: str, kind: Callable[[str], Any], spec: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"{spec}: expected a number, found {value!r}") from None


def _validation_text(members: Sequence[Member], folder: Path) -> list[str]:
    """The validation text of the first member that has one, else its training text."""
    for member in members:
        if member.reference and (member.reference.place(folder) / CONFIG).exists():
            data = RunConfig.load(member.reference.place(folder)).data
            if text := data.get("valid") or data.get("text"):
                return [text] if isinstance(text, str) else [*map(str, text)]
    return []


def agreement_of(parser: AverageParser, texts: Sequence[str], limit: int) -> list[list[float]]:
    """F1 (members, members) between the trees of each two members, without whole sentences.

    The trees are those of `limit` lines that have three words or more, the first ones of each file.
    """
    files = [file for text in texts for file in corpora.locate_valid(text) or corpora.locate_text(text)]
    share = -(-limit // max(len(files), 1))
    sentences = [*chain.from_iterable(islice(_long_enough(parser, file), share) for file in files)][:limit]
    if not sentences:
        raise OnlstmError("expected sentences of three words or more, found none", file=texts[0])
    members = parser.run.config.model.members
    ballots = {id(member): ballot for member, ballot in parser.ballots(sentences)}
    whole = [(0, sum(map(bool, sentence.pieces))) for sentence in sentences]
    inner = [
        [brackets - {span} for brackets, span in zip(ballots[id(one)], whole, strict=True)] for one in members
    ]
    matrix = [[100.0] * len(members) for _ in members]
    for one, other in combinations(range(len(members)), 2):
        matrix[one][other] = matrix[other][one] = _f1(inner[one], inner[other])
    return matrix


def _long_enough(parser: AverageParser, file: Source) -> Iterator[Encoded]:
    """The lines of a file that have three words or more."""
    encoded = map(parser.reader.encode, read_lines([file], "replace"))
    return (sentence for sentence in encoded if sum(map(bool, sentence.pieces)) > 2)


def _f1(ours: list[set[Span]], theirs: list[set[Span]]) -> float:
    """The mean F1 of the sentences in which one of the two has brackets."""
    both = [(a, b) for a, b in zip(ours, theirs, strict=True) if a or b]
    return fmean(200 * len(a & b) / (len(a) + len(b)) for a, b in both) if both else 100.0


def _weighted(config: AverageConfig) -> tuple[Member, ...]:
    """The members with their weights; their mean is that of the weights that the user gave."""
    members = config.members
    if config.weights == "equal":
        return members
    sizes = Counter(member.family for member in members)
    factors = [1 / sizes[member.family] for member in members]
    if config.weights == "agreement":
        factors = [factor * mean_agreement(config, at) for at, factor in enumerate(factors)]
    mean = fmean(factors) or 1.0
    return tuple(
        replace(member, weight=member.weight * factor / mean)
        for member, factor in zip(members, factors, strict=True)
    )


def mean_agreement(config: AverageConfig, at: int) -> float:
    """A member's mean F1 with the members of other families; with all others where there are none."""
    family = config.members[at].family
    others = [
        f1 for f1, other in zip(config.agreement[at], config.members, strict=True) if other.family != family
    ]
    alike = [f1 for number, f1 in enumerate(config.agreement[at]) if number != at]
    return fmean(others or alike or [100.0])


def report(run: Run) -> dict[str, Any]:
    """What `average --json` prints."""
    config: AverageConfig = run.config.model
    members = [
        {
            **asdict(member),
            "mean_agreement": round(mean_agreement(config, at), 2) if config.agreement else None,
        }
        for at, member in enumerate(config.members)
    ]
    return {
        "weights": config.weights,
        "votes": config.votes,
        "members": members,
        "agreement": [list(row) for row in config.agreement],
        **run.config.data,
    }


def table(run: Run) -> str:
    """The members with their weights, and their agreement where it was measured."""
    config: AverageConfig = run.config.model
    rows = [
        ["", "MEMBER", "FAMILY", "WEIGHT", "F1 WITH OTHERS", *map(str, range(1, len(config.members) + 1))]
    ]
    for at, member in enumerate(config.members):
        figures = [f"{f1:.1f}" for f1 in config.agreement[at]] if config.agreement else []
        mean = f"{mean_agreement(config, at):.1f}" if config.agreement else "-"
        rows.append([str(at + 1), member.name, member.family, f"{member.weight:.2f}", mean, *figures])
    return plain_table(rows, "left")


def plot(run: Run, path: Path) -> None:
    """Draw the agreement of the members. Raises UsageError where it was not measured."""
    from onlstm_parse.display.plots import heat_map

    config: AverageConfig = run.config.model
    if not config.agreement:
        raise UsageError("no text to measure agreement on", remedy="name one with --text")
    lines = {
        f"{at} {member.name}": row
        for at, (member, row) in enumerate(zip(config.members, config.agreement, strict=True), 1)
    }
    figure = heat_map(lines, [str(at) for at in range(1, len(lines) + 1)], "F1 between the trees of members")
    with written_whole(path, "wb") as file:
        figure.savefig(file, format=path.suffix[1:].lower(), dpi=150, bbox_inches="tight")
