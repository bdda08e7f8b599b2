"""From raw text to one parser: members are trained, averaged, and distilled into a small span parser.

OUT/                     the parser: a span parser
OUT/average/             the average that it was distilled from
OUT/members/NAME/        a run each
OUT/induce.json          texts, minutes and members, stored so that they cannot change

Each member is a process of its own with one thread, as many at once as there are cores. An interrupted
`induce` is continued: what is finished stays, what was begun goes on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from onlstm_parse import corpora
from onlstm_parse.comparison.plan import Job
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.experiments import averaging
from onlstm_parse.experiments.distillation import distil
from onlstm_parse.experiments.side_by_side import side_by_side
from onlstm_parse.files import write_json
from onlstm_parse.models import CATALOGUE, LANGUAGE_MODEL
from onlstm_parse.processes import locked, signals_interrupt
from onlstm_parse.registry import check_known
from onlstm_parse.runs import CONFIG, Run, RunConfig, from_dict
from onlstm_parse.text.config import TextConfig

PLAN = "induce.json"
# Parts of the budget. What is left is for reading the text, and for parsing it with the average.
FOR_MEMBERS, FOR_STUDENT = 0.7, 0.15
SENTENCES_A_MINUTE = 400  # of the whole budget: so many are parsed by the average, for the student
MODELS = ("on-gru", "simple-pcfg", "on-gru", "simple-pcfg")
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

    def jobs(self) -> list[Job]:
        """Each further member of a model has the next seed."""
        return [Job(model, self.seed + self.models[:at].count(model)) for at, model in enumerate(self.models)]

    @property
    def member_minutes(self) -> float:
        """What each member may take, if `cores` of them are trained at a time."""
        rounds = -(-len(self.models) // self.cores)
        return FOR_MEMBERS * self.minutes / rounds

    def save(self, folder: Path) -> None:
        write_json(folder / PLAN, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Raises FormatError for a damaged file, OnlstmError where there is none."""
        path = folder / PLAN
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            tuples = {name: tuple(content[name]) for name in ("text", "models")}
        except FileNotFoundError:
            raise OnlstmError(
                f"nothing to resume: no {PLAN}", file=folder, remedy="leave --resume out"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FormatError(f"expected what induce wrote, found: {error!r}", file=path) from None
        return from_dict(cls, {**content, **tuples}, path, "top level")


def induce(
    texts: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    minutes: float = 60.0,
    valid: str | Path | None = None,
    models: Sequence[str] = MODELS,
    without: Sequence[str] = (),
    seed: int = 1,
    size: str = "small",
    resume: bool = False,
    quiet: bool = True,
    **text_settings: Any,
) -> Run:
    """Make one parser from raw text in about `minutes`, without gold trees, in the run folder `out`.

    `without` names trivial parsers that shall not vote. `text_settings` are fields of TextConfig. With
    `resume` the stored plan is continued, and the other arguments are not read. Raises OnlstmError, and
    KeyboardInterrupt after Ctrl-C.
    """
    folder = Path(out)
    if resume:
        plan = Plan.load(folder)
    else:
        names = [str(text) for text in ([texts] if isinstance(texts, str | Path) else texts)]
        plan = _planned(names, valid, minutes, models, without, seed, size, text_settings)
        if (folder / PLAN).exists() or (folder / CONFIG).exists():
            raise OnlstmError(
                "a run is here already", file=folder, remedy="--resume, or choose another --out"
            )
        folder.mkdir(parents=True, exist_ok=True)
        plan.save(folder)
    say = _silent if quiet else _say
    # Members inherit the lock: after kill -9 nobody goes on while they still work.
    with signals_interrupt(), locked(folder / ".lock", wait=False) as ours:
        if not ours:
            raise OnlstmError("another process is at work here", file=folder, remedy="wait until it ends")
        say(_outline(plan))
        members = _train_members(plan, folder, say)
        average = _averaged(plan, folder / "average", members)
        say(averaging.table(average))
        say(f"the average parses text for its student: {plan.minutes * FOR_STUDENT:.3g} minutes of training")
        return distil(
            folder / "average",
            plan.text,
            folder,
            valid=plan.valid,
            size=plan.size,
            seed=plan.seed,
            minutes=FOR_STUDENT * plan.minutes,
            sentences=max(int(SENTENCES_A_MINUTE * plan.minutes), 1000),
            resume=True,
            quiet=quiet,
        )


def _planned(
    texts: Sequence[str],
    valid: str | Path | None,
    minutes: float,
    models: Sequence[str],
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
    if not models:
        raise UsageError("no member was given", remedy=f"leave --models out for {', '.join(MODELS)}")
    for model in models:
        check_known("model", model, list(CATALOGUE))
    for name in without:
        check_known("voter to leave out", name, list(TRIVIAL))
    for name in text_settings:
        check_known("text setting", name, [entry.name for entry in fields(TextConfig)])
    TextConfig(**text_settings)
    for text in [*texts, *([valid] if valid else [])]:
        corpora.locate_text(text)
    return Plan(
        tuple(map(corpora.lasting, texts)),
        None if valid is None else corpora.lasting(valid),
        minutes,
        tuple(models),
        {name: weight for name, weight in TRIVIAL.items() if name not in without},
        seed,
        size,
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        text_settings,
    )


def _outline(plan: Plan) -> str:
    """The plan of time, as it is shown at the start."""
    names = ", ".join(job.name for job in plan.jobs())
    return (
        f"members: {names}; {plan.member_minutes:.3g} minutes each, {min(plan.cores, len(plan.models))} at a "
        f"time; then {', '.join(plan.trivial) or 'no trivial parser'} joins their average; then a student "
        f"learns {FOR_STUDENT * plan.minutes:.3g} minutes; about {plan.minutes:g} minutes in all"
    )


def _train_members(plan: Plan, folder: Path, say: Any) -> list[Path]:
    """Train what is not finished; the members that are usable. Raises OnlstmError if none is."""
    members = {folder / "members" / job.name: job for job in plan.jobs()}
    return side_by_side({run: _command(plan, run, job) for run, job in members.items()}, plan.cores, say)


def _command(plan: Plan, run: Path, job: Job) -> list[str]:
    command = ["train", *plan.text, "--resume", "--model", job.model, "--out", str(run), "--size", plan.size]
    for name, value in plan.text_settings.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    command += ["--seed", str(job.seed), "--minutes", str(plan.member_minutes)]
    return [*command, *(["--valid", plan.valid] if plan.valid else [])]


def _averaged(plan: Plan, target: Path, runs: list[Path]) -> Run:
    """The average of some runs. Made anew unless it has these members."""
    if (target / CONFIG).exists():
        made = Run.load(target)
        now = {averaging.member_of(str(one), target).reference for one in runs}
        if {one.reference for one in made.config.model.members if one.reference} == now:
            return made
        (target / CONFIG).unlink()
    return average_of(runs, plan.trivial, target)


def average_of(runs: Sequence[Path], trivial: Mapping[str, float], folder: Path) -> Run:
    """The average of trained runs and trivial parsers in `folder`, weighted by agreement.

    Where right-branching trees vote, a language model votes by both greedy rules. Else it votes by the layer
    and rule that other families agree with best.
    """
    models = {run: RunConfig.load(run).model.model for run in runs}
    choose_ways = not trivial and len(set(models.values())) > 1
    members = [f"{name}={weight}" for name, weight in trivial.items()]
    for run, model in reversed(models.items()):
        both = CATALOGUE[model].kind == LANGUAGE_MODEL and not choose_ways
        members[:0] = [f"{run}:rule=token", f"{run}:rule=gap"] if both else [str(run)]
    return averaging.average(members, folder, weights="agreement", choose_ways=choose_ways)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    pass
