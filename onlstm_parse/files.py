"""Files written whole or not at all, and where the toolkit keeps its cache."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from onlstm_parse.errors import OnlstmError


@contextmanager
def written_whole(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file beside `path` for writing; it takes the name `path` only when all went well.

    A crash or a full disk leaves what stood at `path` before. Raises OnlstmError
    where the disk refuses.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        encoding = None if "b" in mode else "utf-8"
        with os.fdopen(handle, mode, encoding=encoding, newline=None if "b" in mode else "\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o666 & ~_umask())
        Path(beside).replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        Path(beside).unlink(missing_ok=True)


def append_line(path: Path, line: str) -> None:
    """Add a line to a log. Raises OnlstmError where the disk refuses."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise _cannot_write(path, error) from error


def cache_folder() -> Path:
    """ONLSTM_CACHE, or `onlstm-parse` in the user's cache folder (XDG_CACHE_HOME)."""
    if chosen := os.environ.get("ONLSTM_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onlstm-parse"


def _cannot_write(path: Path, error: OSError) -> OnlstmError:
    reason = error.strerror or type(error).__name__
    remedy = "what stood there before is untouched; make room and try again"
    return OnlstmError(f"cannot write: {reason}", file=path, remedy=remedy)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
