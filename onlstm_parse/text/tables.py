"""Text in a column of a .parquet or .arrow file (also the streams that Hugging Face's datasets keep).

FILE.parquet:COLUMN names the column, `text` by default. Each cell is a line, or several if it has
line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any, BinaryIO

from onlstm_parse.errors import FormatError, UsageError

ENDINGS = (".parquet", ".arrow")
COLUMN = "text"
ROWS = 1024  # read together
BUFFER = 1 << 20  # bytes of a column; by default all of it in a row group
_NAME = re.compile(r"(.*\.(?:parquet|arrow))(?::([^/\\]+))?", re.DOTALL)


def split_column(name: str) -> tuple[str, str | None]:
    """The file and the column; None for what is no table.

    >>> split_column("a.parquet:sentence"), split_column("a.arrow"), split_column("a.txt")
    (('a.parquet', 'sentence'), ('a.arrow', 'text'), ('a.txt', None))
    """
    found = _NAME.fullmatch(name)
    return (found[1], found[2] or COLUMN) if found else (name, None)


def read_column(stream: BinaryIO, path: str | PathLike[str], column: str) -> Iterator[str]:
    """The cells of some rows, each with a line feed behind it. `path` is for errors.

    Raises UsageError without pyarrow, FormatError for a damaged file or one without such a column of text.
    """
    with _whole(path):
        for cells in _batches(stream, path, column):
            yield "".join(f"{cell}\n" for cell in cells.to_pylist() if cell is not None)


def count_rows(stream: BinaryIO, path: str | PathLike[str], column: str) -> int:
    """Of a Parquet file. Raises as `read_column` does."""
    with _whole(path):
        return int(_parquet(stream, path, column).metadata.num_rows)


def read_rows(stream: BinaryIO, path: str | PathLike[str], column: str, start: int, stop: int) -> list[str]:
    """The cells of these rows of a Parquet file, empty for a null. Raises as `read_column` does."""
    cells: list[str | None] = []
    begin = 0
    with _whole(path):
        table = _parquet(stream, path, column)
        for group in range(table.num_row_groups):
            end = begin + table.metadata.row_group(group).num_rows
            if begin < stop and start < end:
                rows = table.read_row_group(group, [column]).column(0)
                cells += rows[max(start - begin, 0) : min(stop, end) - begin].to_pylist()
            begin = end
    return [cell or "" for cell in cells]


@contextmanager
def _whole(path: str | PathLike[str]) -> Iterator[None]:
    try:
        import pyarrow
    except ImportError:
        raise UsageError(
            f"{path}: pyarrow is not installed", remedy="pip install 'onlstm-parse[arrow]'"
        ) from None
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        remedy = "fetch or write it again"
        raise FormatError(f"expected a whole table, found: {error}", file=path, remedy=remedy) from error


def _batches(stream: BinaryIO, path: str | PathLike[str], column: str) -> Iterator[Any]:
    import pyarrow.ipc

    start = stream.peek(6)[:6]  # type: ignore[attr-defined]
    if start.startswith(b"PAR1"):
        batches = _parquet(stream, path, column).iter_batches(ROWS, columns=[column])
    elif start == b"ARROW1":
        file = pyarrow.ipc.open_file(stream)
        _check_column(file.schema, path, column)
        batches = (file.get_batch(number) for number in range(file.num_record_batches))
    else:
        batches = pyarrow.ipc.open_stream(stream)
        _check_column(batches.schema, path, column)
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            yield batch.column(column).slice(start, ROWS)


def _parquet(stream: BinaryIO, path: str | PathLike[str], column: str) -> Any:
    import pyarrow.parquet

    table = pyarrow.parquet.ParquetFile(stream, buffer_size=BUFFER)
    _check_column(table.schema_arrow, path, column)
    return table


def _check_column(schema: Any, path: str | PathLike[str], column: str) -> None:
    from pyarrow import types

    if column not in schema.names:
        others = ", ".join(schema.names) or "none"
        remedy = "name another one: FILE:COLUMN, or --column of parse"
        raise FormatError(f"expected a column {column!r}, found {others}", file=path, remedy=remedy)
    kind = schema.field(column).type
    value = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(value) or types.is_large_string(value) or types.is_string_view(value)):
        raise FormatError(f"expected text in column {column!r}, found {kind}", file=path)
