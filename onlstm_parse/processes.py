"""Processes that share a folder, and signals that interrupt work which other processes do."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


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
