"""Processes that share a folder or a task, and signals that interrupt work which other processes do."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from onlstm_parse.errors import OnlstmError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from subprocess import Popen

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a file. Gives False if another process holds it and `wait` is False.

    Without `wait`, child processes inherit the lock and hold it until they end.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield True
        return
    with path.open("w") as file:
        os.set_inheritable(file.fileno(), not wait)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks
            pass
        yield True


def cores() -> int:
    """How many processors this process may use, where the system says it; else how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def interrupt(process: Popen[bytes]) -> None:
    """Do what Ctrl-C does. Nothing if it has ended, and on Windows, where Ctrl-C has reached it itself."""
    with suppress(ProcessLookupError, ValueError):
        process.send_signal(signal.SIGINT)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """SIGTERM and a closed terminal interrupt the work, as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def in_processes(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, doing: str, start: str | None = None
) -> Iterator[Result]:
    """`work` of every item, in order. At most a few items are in work at a time, so memory stays bounded.

    `start` is how a process starts, see `multiprocessing.get_context`. An OnlstmError of `items` is raised
    after the results of the items before it. Raises OnlstmError if a process is killed; `doing` says what it
    does.
    """
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    pending: deque[Future[Result]] = deque()
    try:
        with ProcessPoolExecutor(workers, get_context(start), _start_worker) as pool:
            for future in _submitted(pool, work, items):
                pending.append(future)
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
    except BrokenProcessPool as error:
        remedy = "was it out of memory? try fewer workers"
        raise OnlstmError(f"a process that {doing} was killed", remedy=remedy) from error


def _submitted(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Future[Result]]:
    """A failure of the items is the last future: it is told when its turn comes."""
    from concurrent.futures import Future

    try:
        for item in items:
            yield pool.submit(work, item)
    except OnlstmError as error:
        failed: Future[Result] = Future()
        failed.set_exception(error)
        yield failed


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """End this process if its parent was killed."""
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)
