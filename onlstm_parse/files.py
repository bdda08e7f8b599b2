"""Files and folders that are written whole or not at all, and the place of the toolkit's cache."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from onlstm_parse.errors import OnlstmError

ABANDONED = 7 * 24 * 3600  # seconds after which nobody is expected to go on with an unfinished folder


@contextmanager
def writing(
    path: Path, remedy: str = "what stood there before is untouched; make room and try again"
) -> Iterator[None]:
    """Turns an OSError inside the block into an OnlstmError that names `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OnlstmError(f"cannot write: {reason}", file=path, remedy=remedy) from error


@contextmanager
def written_whole(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file beside `path` for writing, and rename it to `path` at the end if nothing failed.

    A crash or a full disk leaves the old content of `path`. Raises OnlstmError if writing fails.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")  # see remove_leftovers
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open(mode, **text) as file:  # type: ignore[call-overload]
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON for people to read, whole or not at all. Raises OnlstmError if writing fails."""
    with written_whole(path) as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """A new folder to fill. At the end it is renamed to `path`, unless another process was first.

    Raises OnlstmError if writing fails.
    """
    with writing(path, "make room, or set ONLSTM_CACHE to a folder on another disk"):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=".unfinished-"))
        try:
            yield beside
            beside.rename(path)
        except OSError:
            if not path.is_dir():
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what `written_whole` left in `folder` and below where its process was killed."""
    for path in folder.glob("**/.*"):
        number = path.suffix.removeprefix(".")
        if number.isdecimal() and not _is_alive(int(number)):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    # This process writes nothing now: the file is from a killed one with the same number.
    return process != os.getpid()


def append_line(path: Path, line: str) -> None:
    """Add a line to a log. Raises OnlstmError if writing fails."""
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def cache_folder() -> Path:
    """ONLSTM_CACHE, or `onlstm-parse` in the user's cache folder (XDG_CACHE_HOME)."""
    if chosen := os.environ.get("ONLSTM_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onlstm-parse"


def remove_abandoned(parent: Path) -> None:
    """Remove the unfinished folders in `parent` that nothing was written into for a week."""
    for folder in parent.glob(".unfinished-*"):
        touched = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        if time.time() - touched > ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)
