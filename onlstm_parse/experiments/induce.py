"""From raw text to one parser: models are trained and averaged, grammars learn from their votes, and an
average is distilled into a small span parser.

OUT/                     the parser: a span parser
OUT/average/             what it was distilled from: the average of all, or of the grammars alone
OUT/voted/NAME/          grammars that learnt the text with the votes of a draft as a prior
OUT/draft/               the average of the members, with trivial parsers
OUT/draft-2/             in the second round, that of the members and the grammars so far
OUT/draft-2-grammars/    that of these grammars alone
OUT/members/NAME/        a run each
OUT/induce.json          texts, minutes and members, stored so that they cannot change

Each member is a process of its own with one thread, as many at once as there are cores. An interrupted
`induce` is continued: what is finished stays, what was begun goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import exp, log
from pathlib import Path
from statistics import fmean
from typing import Any

from onlstm_parse.comparison.plan import Job
from onlstm_parse.errors import OnlstmError
from onlstm_parse.experiments import averaging
from onlstm_parse.experiments.distillation import ask, distil, is_finished
from onlstm_parse.experiments.induction_plan import (
    FOR_STUDENT,
    MODELS,
    ROUNDS,
    VOTED,
    Plan,
    begin,
    outline,
    planned,
)
from onlstm_parse.experiments.short_trainings import options_for, vote_options_for
from onlstm_parse.experiments.side_by_side import last_line, side_by_side
from onlstm_parse.models import LANGUAGE_MODEL
from onlstm_parse.pretrained import locate_run
from onlstm_parse.processes import locked, signals_interrupt
from onlstm_parse.runs import CONFIG, Run, RunConfig, best_perplexity
from onlstm_parse.training.checkpoint import is_finished as is_trained

ALONE = "-grammars"  # ends the name of a draft without members


def induce(
    texts: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    minutes: float = 60.0,
    valid: str | Path | None = None,
    models: Sequence[str] = MODELS,
    voted: Sequence[str] = VOTED,
    rounds: int = ROUNDS,
    voters: Sequence[str | Path] = (),
    without: Sequence[str] = (),
    seed: int = 1,
    size: str = "small",
    resume: bool = False,
    quiet: bool = True,
    **text_settings: Any,
) -> Run:
    """Make one parser from raw text in about `minutes`, without gold trees, in the run folder `out`.

    `voted` are grammars that learn with the votes of the members; in each further one of the `rounds` others
    learn, some with the votes of all before them and some with those of grammars alone. The voters whose
    grammars have the lower validation perplexity teach. `voters` are other runs, or names of pretrained
    parsers, that vote beside the members; with them `models` may be empty. `without` names trivial parsers
    that shall not vote.

    `text_settings` are fields of TextConfig. With `resume` the stored plan is continued, and the other
    arguments are not read. Raises OnlstmError, and KeyboardInterrupt after Ctrl-C.
    """
    folder = Path(out)
    if resume:
        plan = Plan.load(folder)
    else:
        plan = planned(
            [str(text) for text in ([texts] if isinstance(texts, str | Path) else texts)],
            valid=valid,
            minutes=minutes,
            models=models,
            voted=voted,
            rounds=rounds,
            voters=[*map(str, voters)],
            without=without,
            seed=seed,
            size=size,
            text_settings=text_settings,
        )
        begin(plan, folder)
    return _carried_out(plan, folder, quiet)


def _carried_out(plan: Plan, folder: Path, quiet: bool) -> Run:
    """Make what is missing in the folder."""
    say = _silent if quiet else _say
    # Members inherit the lock: after kill -9 nobody goes on while they still work.
    with signals_interrupt(), locked(folder / ".lock", wait=False) as ours:
        if not ours:
            raise OnlstmError("another process is at work here", file=folder, remedy="wait until it ends")
        if is_finished(folder):
            return Run.load(folder)
        say(outline(plan))
        average = _teacher(plan, folder, say)
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
            sentences=plan.sentences,
            resume=True,
            quiet=quiet,
        )


def _teacher(plan: Plan, folder: Path, say: Callable[[str], None]) -> Run:
    """Train all that is not finished; the average that teaches the student. Raises OnlstmError if nothing."""
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in plan.text_settings.items()]
    jobs = plan.jobs(plan.models)
    commands = _commands(plan, folder / "members", jobs, plan.member_minutes, ["train"], settings)
    for command, job in zip(commands.values(), jobs, strict=True):
        command += options_for(job.model, plan.tokens)
    members = _side_by_side(commands, is_trained, plan, say)
    if commands and not members:
        raise OnlstmError(f"no member could be trained: {last_line(next(iter(commands)))}", file=folder)
    members += map(locate_run, plan.voters)
    voted: list[Path] = []
    alone, text = False, [plan.valid] if plan.valid else plan.text
    for number, learners in enumerate(plan.voted_jobs(), 1):
        name = "draft" if number == 1 else f"draft-{number}"
        # Trivial parsers vote in the first draft only: later ones have grammars that have learnt from it.
        drafts = [_averaged(folder / name, members + voted, {} if voted else plan.trivial, text)]
        if voted and len(learners) > 1:
            drafts.append(_averaged(folder / f"{name}{ALONE}", voted, {}, text))
        for draft in drafts:
            say(averaging.table(draft))
        strength = [] if voted or plan.voters else vote_options_for(plan.tokens)
        voters = [draft.folder for draft in drafts]
        learnt = _learnt_from_votes(plan, voters, folder / "voted", learners, strength, say)
        alone = _teach_better_alone(learnt, say)
        voted += learnt
    teachers = voted if alone else members + voted
    return _averaged(folder / "average", teachers, {} if voted else plan.trivial, text)


def _learnt_from_votes(
    plan: Plan,
    drafts: Sequence[Path],
    folder: Path,
    jobs: Sequence[Job],
    strength: Sequence[str],
    say: Callable[[str], None],
) -> list[Path]:
    """Train grammars with the votes of drafts; those of each kind are dealt out to the drafts in turn.

    A draft parses once for all grammars of a kind. For one grammar alone its own process lets the draft
    parse, beside those of the other drafts.
    """
    commands: dict[Path, list[str]] = {}
    part: dict[str, Any] = {"valid": plan.valid, "size": plan.size, "sentences": plan.sentences}
    for at, draft in enumerate(drafts):
        dealt = sorted(jobs, key=lambda job: job.model)[at :: len(drafts)]
        for model in dict.fromkeys(job.model for job in dealt):
            runs = [folder / job.name for job in dealt if job.model == model]
            if len(runs) > 1:
                with suppress(OnlstmError):  # it is met again by the run, which says so
                    ask(draft, plan.text, runs, model=model, **part)
        options = ["--sentences", str(plan.sentences), *strength]
        commands |= _commands(plan, folder, dealt, plan.voted_minutes, ["distil", str(draft)], options)
    return _side_by_side(commands, is_finished, plan, say)


def _side_by_side(
    commands: Mapping[Path, Sequence[str]],
    done: Callable[[Path], bool],
    plan: Plan,
    say: Callable[[str], None],
) -> list[Path]:
    """Make the runs that are not done yet; all that are done then, in order."""
    finished = [run for run in commands if done(run)]
    finished += side_by_side({run: commands[run] for run in commands if run not in finished}, plan.cores, say)
    return [run for run in commands if run in finished]


def _teach_better_alone(learnt: Sequence[Path], say: Callable[[str], None]) -> bool:
    """Whether the votes of grammars alone fit the text better than those of members and grammars.

    They do if grammars that learnt from them have a lower validation perplexity than those of the same kind
    that learnt from all. False where there are no two to compare.
    """
    alone: dict[str, list[float]] = {}
    together: dict[str, list[float]] = {}
    for run in learnt:
        config = RunConfig.load(run)
        side = alone if config.data["teacher"]["path"].endswith(ALONE) else together
        side.setdefault(config.model.model, []).append(log(best_perplexity(run)))
    kinds = alone.keys() & together.keys()
    if not kinds:
        return False
    of_alone, of_all = (exp(fmean(fmean(side[kind]) for kind in kinds)) for side in (alone, together))
    say(f"perplexity after votes of members and grammars: {of_all:.1f}, of grammars alone: {of_alone:.1f}")
    return of_alone < of_all


def _commands(
    plan: Plan,
    folder: Path,
    jobs: Sequence[Job],
    minutes: float,
    command: Sequence[str],
    options: Sequence[str],
) -> dict[Path, list[str]]:
    """What trains each of the runs in `folder`."""
    options = [*options, "--resume", "--size", plan.size, "--minutes", str(minutes)]
    options += ["--valid", plan.valid] if plan.valid else []
    commands = {}
    for job in jobs:
        run = folder / job.name
        own = ["--model", job.model, "--seed", str(job.seed), "--out", str(run)]
        commands[run] = [*command, *plan.text, *own, *options]
    return commands


def _averaged(target: Path, runs: list[Path], trivial: Mapping[str, float], text: Sequence[str]) -> Run:
    """The average of some runs. Made anew unless it has these members."""
    if (target / CONFIG).exists():
        made = Run.load(target)
        now = {averaging.member_of(str(one), target).reference for one in runs}
        if {one.reference for one in made.config.model.members if one.reference} == now:
            return made
        (target / CONFIG).unlink()
    return average_of(runs, trivial, target, text)


def average_of(
    runs: Sequence[Path], trivial: Mapping[str, float], folder: Path, text: Sequence[str] | None = None
) -> Run:
    """The average of trained runs and trivial parsers in `folder`, weighted by agreement.

    Agreement is that on `text`; by default on the validation text of the first run.

    Where right-branching trees vote, a language model votes by both greedy rules. Else it votes by the layer
    and rule that other families agree with best.
    """
    configs = {run: RunConfig.load(run) for run in runs}
    choose_ways = not trivial and len({averaging.family_of(run) for run in runs}) > 1
    members = [f"{name}={weight}" for name, weight in trivial.items()]
    for run, config in reversed(configs.items()):
        both = config.kind == LANGUAGE_MODEL and not choose_ways
        members[:0] = [f"{run}:rule=token", f"{run}:rule=gap"] if both else [str(run)]
    return averaging.average(members, folder, weights="agreement", text=text, choose_ways=choose_ways)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    pass
