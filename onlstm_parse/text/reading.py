"""Text files to lines: UTF-8 or another encoding, plain or gzipped, one line in memory at a time.

Only a line feed ends a line. A lone carriage return, U+2028 and the like stay inside it, so that every pass
over a file counts the same lines.
"""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from onlstm_parse.errors import FormatError, OnlstmError

Lines = Generator[str, None, None]

GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
REPLACE = "convert the file to UTF-8, or give --bad-bytes replace"


def read_lines(paths: Iterable[str | os.PathLike[str]], bad_bytes: str = "error") -> Iterator[str]:
    """The lines of the files, without line ends; lines of white space are left out.

    `bad_bytes` is "error" or "replace". Raises OnlstmError at once for a missing file or a folder. Raises it
    while reading for a file without text, a damaged gzip file, or a byte that is not UTF-8 (with line, and
    column in characters).
    """
    files = [checked_file(path) for path in paths]
    return (line for file in files for line in _text_of(file, bad_bytes))


def decoded_lines(
    path: str | os.PathLike[str],
    bad_bytes: str = "error",
    encoding: str = "utf-8",
    remedy: str = REPLACE,
) -> closing[Lines]:
    """A context that gives every line of a file, also empty ones; "-" is standard input.

    Raises OnlstmError as `read_lines` does, but accepts a file without text. `remedy` is what the error about
    a bad byte advises.
    """
    if path == "-":
        return closing(_decoded(sys.stdin.buffer, "standard input", bad_bytes, encoding, remedy))
    return closing(_lines_of(checked_file(path), bad_bytes, encoding, remedy))


class Part(NamedTuple):
    """Lines of a file that follow one another."""

    offset: int
    """Bytes of the file before them, unpacked."""
    before: int
    """Lines of the file before them."""
    lines: int


def parts_of(path: str | os.PathLike[str], lines: int) -> Iterator[Part]:
    """A file in parts of so many lines, the last with what is left. Raises OnlstmError as `decoded_lines`."""
    with _readable(checked_file(path)) as stream:
        offset = before = 0
        while sizes := list(map(len, islice(stream, lines))):
            yield Part(offset, before, len(sizes))
            offset += sum(sizes)
            before += len(sizes)


def lines_of_part(path: str | os.PathLike[str], part: Part, bad_bytes: str = "error") -> list[str]:
    """The lines of a part, fewer where the file ends before. Raises OnlstmError as `decoded_lines`."""
    path = checked_file(path)
    with _readable(path) as stream:
        stream.seek(part.offset)
        return list(islice(_decoded(stream, path, bad_bytes, "utf-8", REPLACE, part.before + 1), part.lines))


def find_encoding(path: str | os.PathLike[str], encodings: Sequence[str]) -> str:
    """The first of the encodings that can decode the whole file, or else the first of all."""
    for encoding in encodings if len(encodings) > 1 else ():
        with _readable(checked_file(path)) as stream:
            try:
                for raw in stream:
                    raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            return encoding
    return encodings[0]


def checked_file(path: str | os.PathLike[str]) -> Path:
    """Raises OnlstmError unless `path` can be read as a file."""
    path = Path(path)
    if path.is_dir():
        raise OnlstmError("expected a text file, found a folder", file=path, remedy="name the files in it")
    if not path.exists():
        raise OnlstmError("no such file", file=path, remedy="check the spelling and the working folder")
    return path


def _text_of(path: Path, bad_bytes: str) -> Iterator[str]:
    found = False
    for line in _lines_of(path, bad_bytes):
        if line and not line.isspace():
            found = True
            yield line
    if not found:
        raise FormatError("expected text, found an empty file", file=path)


def _lines_of(path: Path, bad_bytes: str, encoding: str = "utf-8", remedy: str = REPLACE) -> Lines:
    with _readable(path) as stream:
        yield from _decoded(stream, path, bad_bytes, encoding, remedy)


def _decoded(
    stream: BinaryIO,
    name: str | os.PathLike[str],
    bad_bytes: str,
    encoding: str,
    remedy: str,
    first: int = 1,
) -> Lines:
    """`first` is the number of the stream's first line."""
    errors = "strict" if bad_bytes == "error" else "replace"
    for number, raw in enumerate(stream, first):
        if number == 1:
            raw = raw.removeprefix(BOM)
        try:
            yield raw.decode(encoding, errors).removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            problem = f"expected {encoding.upper()} text, found byte 0x{raw[error.start]:02x}"
            if number == 1 and raw.startswith(UTF16_BOMS):
                problem, remedy = "expected UTF-8 text, found UTF-16", "save the file as UTF-8"
            column = len(raw[: error.start].decode(encoding, "replace")) + 1
            raise FormatError(problem, file=name, line=number, column=column, remedy=remedy) from None


@contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    """The file as bytes, unzipped if it begins as gzip files do."""
    try:
        with path.open("rb") as plain:
            if plain.peek(2)[:2] != GZIP_MAGIC:
                yield cast(BinaryIO, plain)
                return
            with gzip.open(plain) as unzipped:
                yield cast(BinaryIO, unzipped)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        remedy = "fetch or compress it again"
        raise FormatError(f"expected a whole gzip file, found: {error}", file=path, remedy=remedy) from error
    except OSError as error:
        raise OnlstmError(f"cannot read: {error.strerror or error}", file=path) from error
