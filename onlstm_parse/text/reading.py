"""Text to lines: of plain or compressed files, tables and addresses, a part in memory at a time.

Files are UTF-8 or in another encoding. Only a line feed ends a line. A lone carriage return, U+2028 and the
like stay inside it, so that every pass over a file counts the same lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.text.compression import unpacked
from onlstm_parse.text.sources import Source, as_source, split
from onlstm_parse.text.tables import count_rows, read_column, read_rows

Lines = Generator[str, None, None]

BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
BLOCK = 1 << 20  # bytes that are read together
REPLACE = "convert the file to UTF-8, or give --bad-bytes replace"


def read_lines(paths: Iterable[str | os.PathLike[str]], bad_bytes: str = "error") -> Iterator[str]:
    """The lines of the files, without line ends; lines of white space are left out.

    `bad_bytes` is "error" or "replace". Raises OnlstmError at once for a missing file or a folder. Raises it
    while reading for a file without text, a damaged compressed file or table, an address that cannot be
    reached, or a byte that is not UTF-8 (with line, and column in characters).
    """
    sources = [checked_source(path) for path in paths]
    return chain.from_iterable(lines for source in sources for lines in _lines_with_text(source, bad_bytes))


def decoded_lines(
    path: str | os.PathLike[str],
    bad_bytes: str = "error",
    encoding: str = "utf-8",
    remedy: str = REPLACE,
) -> closing[Lines]:
    """A context that gives every line of a file or a table, also empty ones; "-" is standard input.

    Raises OnlstmError as `read_lines` does, but accepts a file without text. `remedy` is what the error about
    a bad byte advises.
    """
    if path == "-":
        return closing(_decoded(sys.stdin.buffer, "standard input", bad_bytes, encoding, remedy))
    source = checked_source(path)
    return closing(_lines_of(source, bad_bytes, encoding, remedy))


class Part(NamedTuple):
    """Lines of a file, or rows of a Parquet file, that follow one another."""

    offset: int
    """Bytes of the file before them, unpacked; of a Parquet file not used."""
    before: int
    """Lines of the file before them."""
    lines: int


def parts_of(path: str | os.PathLike[str], lines: int, column: str | None = None) -> Iterator[Part]:
    """A file in parts of so many lines, or of rows if it is a Parquet file, whose column is named.

    The last has what is left. Raises OnlstmError as `decoded_lines` does.
    """
    source = checked_source(path)
    if column is not None:
        with _opened(source) as stream:
            total = count_rows(stream, source, column)
        yield from (Part(0, start, min(lines, total - start)) for start in range(0, total, lines))
        return
    with _readable(source) as stream:
        offset = before = 0
        while sizes := list(map(len, islice(stream, lines))):
            yield Part(offset, before, len(sizes))
            offset += sum(sizes)
            before += len(sizes)


def lines_of_part(
    path: str | os.PathLike[str], part: Part, bad_bytes: str = "error", column: str | None = None
) -> list[str]:
    """The lines, or cells, of a part, fewer where the file ends before; a null is empty.

    Raises OnlstmError as `decoded_lines` does.
    """
    source = checked_source(path)
    if column is not None:
        with _opened(source) as stream:
            return read_rows(stream, source, column, part.before, part.before + part.lines)
    with _readable(source) as stream:
        _skip(stream, part.offset)
        lines = _decoded(stream, source, bad_bytes, "utf-8", REPLACE, part.before + 1)
        return list(islice(lines, part.lines))


def _skip(stream: BinaryIO, size: int) -> None:
    if stream.seekable():
        stream.seek(size)
        return
    while size and (block := stream.read(min(size, BLOCK))):
        size -= len(block)


def find_encoding(path: str | os.PathLike[str], encodings: Sequence[str]) -> str:
    """The first of the encodings that can decode the whole file, or else the first of all."""
    for encoding in encodings if len(encodings) > 1 else ():
        with _readable(checked_source(path)) as stream:
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


def checked_source(path: str | os.PathLike[str]) -> Source:
    """As `checked_file`, but the file may have a column behind it, or be an address, which is not reached."""
    file, _ = split(path)
    if isinstance(file, Path):
        checked_file(file)
    return as_source(path)


def _lines_with_text(source: Source, bad_bytes: str) -> Iterator[list[str]]:
    """The lines part by part: work on many at a time is much faster than on one."""
    found = False
    for text in _parts_of(source, bad_bytes):
        lines = text.split("\n")
        if "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
        if lines := [line for line in lines if line and not line.isspace()]:
            found = True
            yield lines
    if not found:
        raise FormatError("expected text, found an empty file", file=source)


def _parts_of(source: Source, bad_bytes: str) -> Iterator[str]:
    """The text in parts that end where lines end."""
    file, column = split(source)
    if column is not None:
        with _opened(file) as stream:
            yield from read_column(stream, file, column)
        return
    done = 0
    with _readable(file) as stream:
        while raw := stream.read(BLOCK):
            raw += stream.readline()
            yield _decode(raw, done, file, bad_bytes)
            done += raw.count(b"\n")


def _lines_of(source: Source, bad_bytes: str, encoding: str = "utf-8", remedy: str = REPLACE) -> Lines:
    if split(source)[1] is not None:
        for text in _parts_of(source, bad_bytes):
            yield from (line.removesuffix("\r") for line in text.split("\n")[:-1])
        return
    with _readable(source) as stream:
        yield from _decoded(stream, source, bad_bytes, encoding, remedy)


def _decoded(
    stream: BinaryIO,
    name: str | os.PathLike[str],
    bad_bytes: str,
    encoding: str,
    remedy: str,
    first: int = 1,
) -> Lines:
    """`first` is the number of the stream's first line."""
    for number, raw in enumerate(stream, first - 1):
        yield _decode(raw, number, name, bad_bytes, encoding, remedy).removesuffix("\n").removesuffix("\r")


def _decode(
    raw: bytes,
    before: int,
    name: str | os.PathLike[str],
    bad_bytes: str,
    encoding: str = "utf-8",
    remedy: str = REPLACE,
) -> str:
    """Decode whole lines, with `before` lines before them. Raises FormatError at a bad byte."""
    if not before:
        raw = raw.removeprefix(BOM)
    try:
        return raw.decode(encoding, "strict" if bad_bytes == "error" else "replace")
    except UnicodeDecodeError as error:
        problem = f"expected {encoding.upper()} text, found byte 0x{raw[error.start]:02x}"
        line = before + raw.count(b"\n", 0, error.start) + 1
        if line == 1 and raw.startswith(UTF16_BOMS):
            problem, remedy = "expected UTF-8 text, found UTF-16", "save the file as UTF-8"
        start = raw.rfind(b"\n", 0, error.start) + 1
        column = len(raw[start : error.start].decode(encoding, "replace")) + 1
        raise FormatError(problem, file=name, line=line, column=column, remedy=remedy) from None


@contextmanager
def _readable(file: Source) -> Iterator[BinaryIO]:
    """The file as bytes, unpacked if it is compressed."""
    with _opened(file) as plain, unpacked(plain, file) as stream:
        yield stream


@contextmanager
def _opened(file: Source) -> Iterator[BinaryIO]:
    try:
        with file.open("rb") as plain:
            yield cast(BinaryIO, plain)
    except OSError as error:
        raise OnlstmError(f"cannot read: {error.strerror or error}", file=file) from error
