"""What a user names as text: files, folders, patterns, addresses, standard input, a column of a table."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

from onlstm_parse.errors import OnlstmError
from onlstm_parse.files import cache_folder, written_whole
from onlstm_parse.text import tables
from onlstm_parse.text.remote import MARK, Remote

Name: TypeAlias = str | os.PathLike[str]
Source: TypeAlias = Path | Remote
"""A file. A table may have its column behind it, see `tables.split_column`."""

STANDARD_INPUT = "-"
ENDINGS = (".txt", ".txt.gz", ".txt.zst", *tables.ENDINGS)
AT_ONCE = 1 << 20  # bytes


def as_source(name: Name) -> Source:
    address = os.fspath(name)
    return Remote(address) if MARK in address else Path(address)


def split(source: Name) -> tuple[Source, str | None]:
    """The file, and the column to read if it is a table."""
    file, column = tables.split_column(os.fspath(source))
    return as_source(file), column


def is_pattern(name: Name) -> bool:
    return any(mark in os.fspath(name) for mark in "*?[")


def listed(name: Name) -> list[Source]:
    """The files that a name stands for, in order; none for a name of something else.

    Standard input (`-`) is kept in the cache folder first. Raises OnlstmError for a folder without text, or
    an address that cannot be reached.
    """
    place, _ = split(name)
    column = os.fspath(name).removeprefix(os.fspath(place))
    if os.fspath(name) == STANDARD_INPUT:
        found: list[Source] = [kept_input()]
    elif isinstance(place, Remote):
        found = [*place.listed(ENDINGS)]
    elif place.is_dir():
        found = sorted(file for file in place.iterdir() if file.name.endswith(ENDINGS))
    elif place.exists():
        found = [place]
    else:
        found = sorted(_matching(place))
    if not found and (isinstance(place, Remote) or place.is_dir()):
        endings = ", ".join(f"*{ending}" for ending in ENDINGS)
        raise OnlstmError(f"expected {endings} in the folder, found none", file=place)
    return [as_source(f"{file}{column}") for file in found]


def lasting(name: Name) -> str | None:
    """A name that is valid in any working folder and process; None where `name` is no path."""
    place, _ = split(name)
    if os.fspath(name) == STANDARD_INPUT:
        return str(kept_input())
    if isinstance(place, Remote):
        return str(name)
    if place.exists() or is_pattern(place):
        return f"{place.resolve()}{str(name).removeprefix(str(place))}"
    return None


def _matching(pattern: Path) -> Iterator[Path]:
    if is_pattern(pattern):
        inside = str(pattern.relative_to(pattern.anchor))
        yield from (file for file in Path(pattern.anchor).glob(inside) if file.is_file())


@cache  # the second who asks finds nothing left to read
def kept_input() -> Path:
    """Standard input as a file in the cache folder, as training reads its text more than once."""
    folder = cache_folder() / "input"
    new = folder / f"new-{os.getpid()}"
    content = hashlib.blake2b(digest_size=16)
    with written_whole(new, "wb") as file:
        while block := sys.stdin.buffer.read(AT_ONCE):
            content.update(block)
            file.write(block)
    return new.replace(folder / content.hexdigest())


def digest(source: Name, algorithm: str) -> bytes:
    """A hash of a file's content, for an address of what its server tells of it. Raises OnlstmError."""
    file, column = split(source)
    if isinstance(file, Remote):
        found = hashlib.new(algorithm, file.identity().encode()).digest()
    else:
        try:
            with file.open("rb") as content:
                found = hashlib.file_digest(content, algorithm).digest()
        except OSError as error:
            raise OnlstmError(f"cannot read: {error.strerror}", file=file) from error
    return hashlib.new(algorithm, found + column.encode()).digest() if column else found


def size(source: Name) -> int:
    """Bytes of the file, compressed as it may be; 0 if unknown."""
    file, _ = split(source)
    return file.size() if isinstance(file, Remote) else file.stat().st_size
