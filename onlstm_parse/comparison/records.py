"""The stored results of each finished run: a JSON record, and its brackets for the agreement of seeds."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from onlstm_parse.errors import FormatError
from onlstm_parse.files import written_whole

# column, "LAYER/RULE" -> for each gold sentence its brackets
Brackets = dict[str, list[list[tuple[int, int]]]]


def runs_folder(folder: Path) -> Path:
    return folder / "runs"


def record_file(folder: Path, name: str) -> Path:
    return folder / "records" / f"{name}.json"


def peak_file(folder: Path, name: str) -> Path:
    """The file with the peak memory so far of a run in progress, in MB."""
    return folder / "records" / f"{name}.peak"


def brackets_file(folder: Path, name: str) -> Path:
    return folder / "records" / f"{name}.brackets.gz"


def save_record(folder: Path, name: str, record: dict[str, Any]) -> None:
    with written_whole(record_file(folder, name)) as file:
        json.dump(record, file, ensure_ascii=False, indent=1)
        file.write("\n")


def load_record(folder: Path, name: str) -> dict[str, Any] | None:
    """The record; None if there is none yet, `{"failure": reason}` for a failed run. Raises FormatError."""
    path = record_file(folder, name)
    if not path.exists():
        return None
    return _object(path, path.read_bytes())


def save_brackets(folder: Path, name: str, brackets: Brackets) -> None:
    content = gzip.compress(json.dumps(brackets, separators=(",", ":")).encode(), mtime=0)
    with written_whole(brackets_file(folder, name), "wb") as file:
        file.write(content)


def load_brackets(folder: Path, name: str) -> Brackets:
    """Raises FormatError."""
    path = brackets_file(folder, name)
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"expected a whole gzip file, found: {error}", file=path, remedy=_ANEW) from None
    return {
        column: [[(start, stop) for start, stop in sentence] for sentence in sentences]
        for column, sentences in _object(path, content).items()
    }


_ANEW = "remove the run's files in records/, and they are made anew"


def _object(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise FormatError(f"expected JSON, found: {error}", file=path, remedy=_ANEW) from None
    if not isinstance(found, dict):
        raise FormatError(f"expected a JSON object, found {type(found).__name__}", file=path, remedy=_ANEW)
    return found
