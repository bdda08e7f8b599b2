"""What `induce` will do: texts, minutes, models and their shares of the budget, stored in induce.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from onlstm_parse import corpora
from onlstm_parse.comparison.plan import Job
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.experiments.short_trainings import expected_tokens, options_for, parsing_pace
from onlstm_parse.files import write_json
from onlstm_parse.models import CATALOGUE, GRAMMARS
from onlstm_parse.pretrained import lasting_run, locate_run
from onlstm_parse.processes import cores
from onlstm_parse.registry import check_known
from onlstm_parse.runs import CONFIG, RunConfig, from_dict
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.settings import change, complete, defaults_for
from onlstm_parse.training.start import prepared

PLAN = "induce.json"
# Parts of the budget. What is left is for reading the text, and for parsing it with all averages.
FOR_MEMBERS_AND_VOTED, FOR_STUDENT = 0.65, 0.15
MEMBERS_TO_ROUND = 2.5  # so many times as much for members as for one round of grammars
# An average parses so many for those who learn from it, for each minute of the whole budget; fewer on a slow
# processor. Other sentences teach more than the same ones again.
SENTENCES_A_MINUTE, LEAST_SENTENCES = 600, 1000
MODELS = ("on-gru", "simple-pcfg", "on-gru", "simple-pcfg")
VOTED = ("neural-pcfg", "neural-pcfg")
ROUNDS = 2
TRIVIAL = {"right": 1.0}  # knowledge about languages like English; `without` leaves it out


@dataclass(frozen=True)
class Plan:
    """The content of induce.json."""

    text: tuple[str, ...]
    valid: str | None
    minutes: float
    models: tuple[str, ...]
    trivial: dict[str, float]
    seed: int
    size: str
    cores: int
    text_settings: dict[str, Any] = field(default_factory=dict)
    voted: tuple[str, ...] = ()
    rounds: int = 1
    voters: tuple[str, ...] = ()
    tokens: int | None = None
    """How many a member of the usual size is expected to read; None if unknown."""
    sentences: int = LEAST_SENTENCES
    """How many an average parses, for those who learn from it."""

    def jobs(self, models: Sequence[str]) -> list[Job]:
        """Each further run of a model has the next seed."""
        return [Job(model, self.seed + [*models[:at]].count(model)) for at, model in enumerate(models)]

    def voted_jobs(self) -> list[list[Job]]:
        """Those of each round in which grammars learn from votes."""
        jobs, one = self.jobs(self.voted * self.rounds), len(self.voted)
        return [jobs[at : at + one] for at in range(0, len(jobs), one or 1)]

    @property
    def member_minutes(self) -> float:
        """What each member may take, if `cores` of them are trained at a time."""
        return self._each(MEMBERS_TO_ROUND, len(self.models))

    @property
    def voted_minutes(self) -> float:
        """What each grammar that learns from votes may take, without the time to parse."""
        return self._each(1, len(self.voted))

    def _each(self, parts: float, runs: int) -> float:
        if not runs:
            return 0.0
        all_parts = (MEMBERS_TO_ROUND if self.models else 0) + (self.rounds if self.voted else 0)
        share = FOR_MEMBERS_AND_VOTED * parts / all_parts
        return round(share * self.minutes / -(-runs // self.cores), 6)

    def save(self, folder: Path) -> None:
        write_json(folder / PLAN, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Raises FormatError for a damaged file, OnlstmError where there is none."""
        path = folder / PLAN
        try:
            # Older plans have neither `voted` nor `voters`, and as many sentences as on a fast processor.
            content = {"voted": [], "voters": [], **json.loads(path.read_text(encoding="utf-8"))}
            content.setdefault("sentences", _sentences(content["minutes"], 1.0))
            tuples = {name: tuple(content[name]) for name in ("text", "models", "voted", "voters")}
        except FileNotFoundError:
            raise OnlstmError(
                f"nothing to resume: no {PLAN}", file=folder, remedy="leave --resume out"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FormatError(f"expected what induce wrote, found: {error!r}", file=path) from None
        return from_dict(cls, {**content, **tuples}, path, "top level")


def planned(
    texts: Sequence[str],
    *,
    valid: str | Path | None,
    minutes: float,
    models: Sequence[str],
    voted: Sequence[str],
    rounds: int,
    voters: Sequence[str],
    without: Sequence[str],
    seed: int,
    size: str,
    text_settings: dict[str, Any],
) -> Plan:
    """Raises OnlstmError for what cannot work, before hours of training."""
    if not texts:
        raise OnlstmError("no text was given", remedy="name a text file or a corpus")
    if not minutes > 0:
        raise UsageError(f"minutes must be above 0, found {minutes}")
    if rounds < 1:
        raise UsageError(f"rounds must be at least 1, found {rounds}", remedy="no grammars: --voted ''")
    if not (models or voters):
        raise UsageError("no member was given", remedy=f"leave --models out for {', '.join(MODELS)}")
    if text_settings and not models:
        named = ", ".join(text_settings)
        raise UsageError(f"{named}: words are cut as the first voter does", remedy="name members to train")
    for model in models:
        check_known("model", model, list(CATALOGUE))
    for model in voted:
        check_known("grammar", model, list(GRAMMARS))
    for name in without:
        check_known("voter to leave out", name, list(TRIVIAL))
    for name in text_settings:
        check_known("text setting", name, [entry.name for entry in fields(TextConfig)])
    TextConfig(**text_settings)
    for text in [*texts, *([valid] if valid else [])]:
        corpora.locate_text(text)
    for voter in voters:
        RunConfig.load(locate_run(voter))
    plan = Plan(
        text=tuple(map(corpora.lasting, texts)),
        valid=None if valid is None else corpora.lasting(valid),
        minutes=minutes,
        models=tuple(models),
        trivial={name: weight for name, weight in TRIVIAL.items() if name not in without},
        seed=seed,
        size=size,
        cores=cores(),
        text_settings=text_settings,
        voted=tuple(voted),
        rounds=rounds,
        voters=tuple(map(lasting_run, voters)),
        sentences=_sentences(minutes, parsing_pace()),
    )
    # Only settings of this size have others for short trainings.
    known = models and size == "small"
    return replace(plan, tokens=expected_tokens(plan.member_minutes)) if known else plan


def _sentences(minutes: float, pace: float) -> int:
    return max(int(SENTENCES_A_MINUTE * minutes * pace), LEAST_SENTENCES)


def begin(plan: Plan, folder: Path) -> None:
    """Read the text, and store the plan. Raises OnlstmError where there is a run, or for a bad text."""
    if (folder / PLAN).exists() or (folder / CONFIG).exists():
        raise OnlstmError("a run is here already", file=folder, remedy="--resume, or choose another --out")
    if plan.models:  # they will find it in the cache
        settings = change(defaults_for(plan.size, model=plan.models[0]), **plan.text_settings)
        prepared(plan.text, plan.valid, complete(settings, plan.text, match_width=False))
    folder.mkdir(parents=True, exist_ok=True)
    plan.save(folder)


def outline(plan: Plan) -> str:
    """The plan of time, as it is shown at the start."""
    steps = [_of_members(plan)] if plan.models else []
    steps += [f"{name} votes" for name in plan.voters]
    steps += [f"{name}-branching trees join their average" for name in plan.trivial]
    voters = "its votes"
    for jobs in plan.voted_jobs():
        steps.append(f"{_names(jobs)} learn from {voters}, {plan.voted_minutes:.3g} minutes each")
        voters = "votes with the members, and without" if len(jobs) > 1 else "the votes of all"
    steps.append(f"a student of their average learns {FOR_STUDENT * plan.minutes:.3g} minutes")
    return f"{'; then '.join(steps)}; about {plan.minutes:g} minutes in all"


def _of_members(plan: Plan) -> str:
    at_once = min(plan.cores, len(plan.models))
    jobs = _names(plan.jobs(plan.models))
    step = f"members: {jobs}; {plan.member_minutes:.3g} minutes each, {at_once} at a time"
    smaller = [model for model in dict.fromkeys(plan.models) if options_for(model, plan.tokens)]
    note = f"; for want of time {' and '.join(smaller)} will be smaller than usual" if smaller else ""
    return f"{step}{note}"


def _names(jobs: Sequence[Job]) -> str:
    return ", ".join(job.name for job in jobs)
