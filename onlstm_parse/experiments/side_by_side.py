"""Make several runs side by side: each in a process of its own with one thread, as many at once as asked.

What a process writes is kept in NAME.log beside its run folder NAME.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from onlstm_parse.processes import interrupt
from onlstm_parse.runs import read_metrics


def side_by_side(
    commands: Mapping[Path, Sequence[str]], at_once: int, say: Callable[[str], None]
) -> list[Path]:
    """Run `onlstm-parse COMMAND` for each run folder; those that succeeded, in order.

    Commands must go on where they stopped: after Ctrl-C all are interrupted, and waited for.
    """
    waiting = [*commands]
    running: dict[Path, subprocess.Popen[bytes]] = {}
    finished: list[Path] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                run = waiting.pop(0)
                running[run] = _start(run, commands[run])
                say(f"{run.name}: training")
            time.sleep(0.1)
            for run, process in list(running.items()):
                if process.poll() is None:
                    continue
                del running[run]
                if process.returncode == 0:
                    finished.append(run)
                    say(f"{run.name}: done{_passes(run)}")
                else:
                    reason = last_line(run) or f"exit status {process.returncode}"
                    say(f"{run.name} is left out, it failed: {reason}")
    finally:
        _stop(list(running.values()))
    return [run for run in commands if run in finished]


def _passes(run: Path) -> str:
    """How often a run has read the text, and a hint where that was less than once."""
    passes = max((report["epoch"] for report in read_metrics(run)), default=0.0)
    hint = "; with more --minutes, or less text, it would learn more" if passes < 1 else ""
    return f", {passes:.1f} passes over the text{hint}"


def _log(run: Path) -> Path:
    return run.parent / f"{run.name}.log"


def _start(run: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    run.parent.mkdir(parents=True, exist_ok=True)
    with _log(run).open("ab") as log:
        # One thread: others run beside it. A session of its own: Ctrl-C reaches it through `_stop` alone.
        return subprocess.Popen(
            [sys.executable, "-m", "onlstm_parse", *command],
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            close_fds=False,
        )


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt processes, and wait until they have written their checkpoints; a second Ctrl-C kills them."""
    try:
        for process in processes:
            interrupt(process)
        for process in processes:
            process.wait()
    except KeyboardInterrupt:
        for process in processes:
            process.kill()
        raise


def last_line(run: Path) -> str:
    """The last line that the process of a run wrote."""
    log = _log(run)
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
