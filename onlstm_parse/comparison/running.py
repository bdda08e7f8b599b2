"""Do the runs of a comparison, each in its own process; stop and continue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from onlstm_parse.comparison.plan import Job, Plan
from onlstm_parse.comparison.records import load_record, record_file, save_record
from onlstm_parse.comparison.results import write_results
from onlstm_parse.comparison.rows import Row
from onlstm_parse.comparison.trivial import record_trivial
from onlstm_parse.errors import OnlstmError
from onlstm_parse.processes import interrupt, locked, signals_interrupt


def run_plan(plan: Plan, folder: Path, quiet: bool = False) -> list[Row]:
    """Do the unfinished runs of the plan in `folder`, then write the results; see `compare`.

    Several processes may do this at once, on one machine or on machines that share the folder. Each run is
    done by one of them.
    """
    plan = plan.checked()
    gold = plan.gold()  # report a problem with the treebank before hours of training
    (folder / "records").mkdir(parents=True, exist_ok=True)
    with signals_interrupt():
        with locked(folder / ".lock"):
            plan = plan.begun_with(folder)
            plan.save(folder)
            record_trivial(folder, gold, plan.protocol)
        try:
            failures, elsewhere = _run_jobs(plan, folder, quiet)
        finally:  # after Ctrl-C too: show the finished runs
            with locked(folder / ".lock"):
                rows = write_results(Plan.load(folder), folder, gold, quiet)
    if elsewhere and not quiet:
        print(f"onlstm-parse: other processes are at {', '.join(elsewhere)}", file=sys.stderr)
    if failures:
        problem = f"{len(failures)} of {len(plan.jobs())} runs failed: {', '.join(failures)}"
        raise OnlstmError(problem, remedy=f"{folder / 'results.md'} says why; the same command tries again")
    return rows


def _run_jobs(plan: Plan, folder: Path, quiet: bool) -> tuple[list[str], list[str]]:
    """The names of the runs that failed, and of those that other processes are doing."""
    jobs = plan.jobs()
    failures: list[str] = []
    elsewhere: list[str] = []
    for number, job in enumerate(jobs, 1):
        with locked(record_file(folder, job.name).with_suffix(".lock"), wait=False) as ours:
            record = load_record(folder, job.name)
            if record and "failure" not in record:
                continue
            if not ours:
                elsewhere.append(job.name)
                continue
            if not quiet:
                heading = f"run {number} of {len(jobs)}: {job.model}, seed {job.seed}"
                print(heading, file=sys.stderr, flush=True)
            record_file(folder, job.name).unlink(missing_ok=True)
            if reason := _run_job(folder, job, quiet):
                print(f"onlstm-parse: {job.name} failed: {reason}", file=sys.stderr, flush=True)
                failures.append(job.name)
    return failures, elsewhere


def _run_job(folder: Path, job: Job, quiet: bool) -> str | None:
    """The reason why the run failed, or None."""
    status = _in_own_process(folder, job, quiet)
    record = load_record(folder, job.name)
    if record is None:
        killed = f"was killed by signal {-status}, out of memory perhaps"
        reason = f"its process {killed if status < 0 else f'ended with status {status}'}"
        record = {"failure": reason}
        save_record(folder, job.name, record)
    return record.get("failure")


def _in_own_process(folder: Path, job: Job, quiet: bool) -> int:
    """The exit status of the run's process. A first Ctrl-C interrupts it, a second one kills it."""
    module = "onlstm_parse.comparison.worker"
    command = [sys.executable, "-m", module, str(folder), job.model, str(job.seed), *["--quiet"] * quiet]
    # The child inherits the lock: if this process is killed, nobody else starts the run while it works.
    process = subprocess.Popen(command, start_new_session=True, close_fds=False)
    try:
        return process.wait()
    except KeyboardInterrupt:
        interrupt(process)
        try:
            process.wait()
        except KeyboardInterrupt:
            process.kill()
            process.wait()
        raise
