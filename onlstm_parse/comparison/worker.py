"""Train, measure and record one run of a comparison, in its own process.

So peak memory is that of the run, and a crash ends only this run.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

from onlstm_parse.comparison.plan import Job, Plan
from onlstm_parse.comparison.records import (
    Brackets,
    peak_file,
    runs_folder,
    save_brackets,
    save_record,
)
from onlstm_parse.errors import OnlstmError
from onlstm_parse.files import written_whole
from onlstm_parse.runs import best_perplexity, read_metrics

INTERRUPTED = 130  # exit status


def main(folder: Path, model: str, seed: str, quiet: bool) -> int:
    job, plan = Job(model, int(seed)), Plan.load(folder)
    try:
        record, brackets = work(folder, plan, job, quiet)
        save_brackets(folder, job.name, brackets)
        save_record(folder, job.name, record)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OnlstmError as error:
        save_record(folder, job.name, {"failure": str(error)})
        return 1
    except Exception as error:  # an error in the program, or no memory on a GPU: the other runs continue
        traceback.print_exc()
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        save_record(folder, job.name, {"failure": reason})
        return 1
    return 0


def work(folder: Path, plan: Plan, job: Job, quiet: bool) -> tuple[dict[str, Any], Brackets]:
    """The record of a run and its brackets. An interrupted run is continued."""
    from onlstm_parse.comparison.measuring import perplexity, scores
    from onlstm_parse.training.start import train_run

    run_folder, settings = runs_folder(folder) / job.name, plan.settings_of(job)
    try:
        run = train_run(
            plan.text, run_folder, settings, match_width=True, valid=plan.valid, resume=True, quiet=quiet
        )
    finally:
        peak = _note_peak(peak_file(folder, job.name))
    scored, brackets = scores(run, plan)
    metrics = read_metrics(run_folder)
    record = {
        "model": job.model,
        "seed": job.seed,
        "parameters": run.model.parameter_count(),
        "tokens": metrics[-1]["tokens"],
        "minutes": metrics[-1]["seconds"] / 60,
        "tokens_per_second": training_speed(metrics),
        "peak_mb": peak,
        "valid_perplexity": best_perplexity(run_folder),
        "test_perplexity": perplexity(run, plan.test_files(), settings.training),
        "scores": scored,
    }
    return record, brackets


def training_speed(metrics: list[dict[str, Any]]) -> float:
    """Training speed in tokens a second, without validation, from the reports of a run."""
    seconds, before = 0.0, 0
    for report in metrics:
        if report["tokens_per_second"] > 0:
            seconds += (report["tokens"] - before) / report["tokens_per_second"]
        before = report["tokens"]
    return before / seconds if seconds else 0.0


def peak_megabytes() -> float:
    """The peak memory of this process: on the GPU if it was used, else resident; 0 on Windows."""
    import torch

    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss may be that of the parent process
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if "VmHWM" in lines:
            return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _note_peak(path: Path) -> float:
    """The peak over all sessions of a run, including this one."""
    before = float(path.read_text()) if path.exists() else 0.0
    peak = max(before, peak_megabytes())
    with written_whole(path) as file:
        file.write(f"{peak:.1f}")
    return round(peak, 1)


if __name__ == "__main__":  # tokenising workers import this module again
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], quiet="--quiet" in sys.argv[4:]))
