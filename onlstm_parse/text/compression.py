"""Compressed files, known by how they begin: gzip and Zstandard."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any, BinaryIO, cast

from onlstm_parse.errors import FormatError

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
AT_ONCE = 1 << 16  # compressed bytes


@contextmanager
def unpacked(plain: BinaryIO, path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """The content of a file that may be compressed. Raises FormatError, while reading, for a damaged one.

    `path` is for the error.
    """
    start = cast(io.BufferedReader, plain).peek(4)[:4]
    if start.startswith(GZIP):
        with _whole("gzip", path), gzip.open(plain) as stream:
            yield cast(BinaryIO, stream)
    elif start == ZSTANDARD:
        with _whole("Zstandard", path):
            yield cast(BinaryIO, io.BufferedReader(_Zstandard(plain), AT_ONCE))
    else:
        yield plain


@contextmanager
def _whole(kind: str, path: str | PathLike[str]) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        remedy = "fetch or compress it again"
        raise FormatError(
            f"expected a whole {kind} file, found: {error}", file=path, remedy=remedy
        ) from error


class _Zstandard(io.RawIOBase):
    """Raises EOFError for a truncated file, which the library's own reader takes for a whole one."""

    def __init__(self, packed: BinaryIO) -> None:
        self._pieces = _unpacked_pieces(packed)
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = memoryview(piece)
        size = min(len(buffer), len(self._piece))
        buffer[:size], self._piece = self._piece[:size], self._piece[size:]
        return size


def _unpacked_pieces(packed: BinaryIO) -> Iterator[bytes]:
    """A file is one frame or several. Raises EOFError for damage of any kind."""
    from zstandard import ZstdDecompressor, ZstdError

    frame = None
    while raw := packed.read(AT_ONCE):
        while raw:
            frame = frame or ZstdDecompressor().decompressobj()
            try:
                yield frame.decompress(raw)
            except ZstdError as error:
                raise EOFError(str(error)) from error
            raw = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame:
        raise EOFError("the file ends before its end mark")
