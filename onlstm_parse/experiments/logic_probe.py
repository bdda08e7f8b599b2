"""Logical inference: does a model learn how formulas are built, beyond the lengths that it was taught?

Source: Bowman, Manning and Potts 2015; Shen et al. 2019, section 5.4. A siamese classifier of each model
learns the relation of two formulas of up to six operators, and is tested with up to twelve.

OUT/runs/MODEL-SEED/     a run each
OUT/records/             the results of each finished run
OUT/results.json, .md    the tables; a plot beside them
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from onlstm_parse import corpora
from onlstm_parse.comparison.plan import Job
from onlstm_parse.comparison.records import load_record, record_file, runs_folder, save_record
from onlstm_parse.comparison.worker import training_speed
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.experiments.logic_formulas import TEXT, LogicText, read_logic
from onlstm_parse.experiments.logic_results import Row, write_results
from onlstm_parse.models import MODELS
from onlstm_parse.models.pair_classifier_config import PAIR_SIZES
from onlstm_parse.ops.precision import choose_device, choose_precision, products_in
from onlstm_parse.processes import locked, signals_interrupt
from onlstm_parse.registry import check_known
from onlstm_parse.runs import CONFIG, Run, read_metrics
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.pairs import answers
from onlstm_parse.training.settings import Settings, change, complete, stored_settings
from onlstm_parse.training.start import check_same_text, refuse_changes, train_run

TRAINING = TrainingConfig(learning_rate=2e-3, batch_size=128, activation_penalty=0.0, temporal_penalty=0.0)


def probe_logic(
    out: str | Path,
    models: Sequence[str] = ("on-lstm", "lstm"),
    seeds: Sequence[int] = (1,),
    *,
    data: str | Path = "logic",
    size: str = "small",
    quiet: bool = True,
    **settings: Any,
) -> dict[str, Row]:
    """Train and test a classifier of each model with each seed in the folder `out`, and write the results.

    `data` is a corpus or a folder, see `logic_formulas`. `settings` are fields of PairClassifierConfig and
    TrainingConfig; tokens of the budget are pairs. Finished runs in `out` are not repeated, begun ones go on.
    Returns the row of each model. Raises OnlstmError if a run failed, after the others are done, and
    KeyboardInterrupt after Ctrl-C.
    """
    for what, given in (("model", models), ("seed", seeds)):
        if not given:
            raise UsageError(f"no {what} was given", remedy="see onlstm-parse probe logic --help")
    for model in models:
        check_known("language model", model, list(MODELS))
    check_known("size", size, PAIR_SIZES)
    chosen = complete(change(Settings(PAIR_SIZES[size], TEXT, TRAINING), **settings), (), match_width=False)
    jobs = [Job(model, seed) for seed in dict.fromkeys(seeds) for model in dict.fromkeys(models)]
    for job in jobs:
        _settings_of(chosen, job)
    text, folder = read_logic(data), Path(out)
    _check_begun(folder, chosen, text)
    (folder / "records").mkdir(parents=True, exist_ok=True)
    with signals_interrupt():
        try:
            failures = [job.name for job in jobs if not _done(folder, job, chosen, text, str(data), quiet)]
        finally:  # after Ctrl-C too: show the finished runs
            with locked(folder / ".lock"):
                rows = write_results(folder, text, corpora.lasting(data), chosen.training, quiet)
    if failures:
        problem = f"{len(failures)} of {len(jobs)} runs failed: {', '.join(failures)}"
        raise OnlstmError(problem, remedy="the same command tries again")
    return rows


def _settings_of(chosen: Settings, job: Job) -> Settings:
    model, text, training = chosen
    return Settings(replace(model, model=job.model), text, replace(training, seed=job.seed))


def _check_begun(folder: Path, chosen: Settings, text: LogicText) -> None:
    """Every run in the folder, of other models too, must have these settings and this data."""
    ours = {f"{side}_fingerprint": getattr(text, side).fingerprint for side in ("train", "valid")}
    for config in sorted(runs_folder(folder).glob(f"*/{CONFIG}")):
        stored, data = stored_settings(config.parent)
        refuse_changes(stored, _settings_of(chosen, Job(stored.model.model, stored.training.seed)))
        check_same_text(ours, data, config.parent)


def _done(folder: Path, job: Job, chosen: Settings, text: LogicText, data: str, quiet: bool) -> bool:
    """Do a run, unless it is done or another process is at it. False where it failed."""
    with locked(record_file(folder, job.name).with_suffix(".lock"), wait=False) as ours:
        if not ours or load_record(folder, job.name) is not None:
            return True
        if not quiet:
            print(f"{job.model}, seed {job.seed}", file=sys.stderr, flush=True)
        try:
            run = train_run(
                [data],
                runs_folder(folder) / job.name,
                _settings_of(chosen, job),
                match_width=False,
                resume=True,
                quiet=quiet,
                read=lambda *_: text,
            )
        except OnlstmError as error:
            print(f"onlstm-parse: {job.name} failed: {error}", file=sys.stderr, flush=True)
            return False
        save_record(folder, job.name, _record(run, job, text))
    return True


def _record(run: Run, job: Job, text: LogicText) -> dict[str, Any]:
    """What a finished run has learnt: right answers by the number of operators."""
    metrics = read_metrics(run.folder)
    training = TrainingConfig(**run.config.training)
    device = choose_device(training.device)
    model = run.model.to(device)
    with products_in(choose_precision(training.precision, device), device):
        right = {str(size): int(answers(model, pairs).sum()) for size, pairs in text.tests.items()}
    return {
        "model": job.model,
        "seed": job.seed,
        "parameters": model.parameter_count(),
        "pairs": metrics[-1]["tokens"],
        "minutes": metrics[-1]["seconds"] / 60,
        "pairs_per_second": training_speed(metrics),
        "valid_accuracy": max(one["valid_accuracy"] for one in metrics if one["valid_accuracy"] is not None),
        "right": right,
    }
