"""Sentences from Parquet files, and trees into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.files import written_whole
from onlstm_parse.registry import nearest
from onlstm_parse.text.reading import Part, checked_file
from onlstm_parse.tree import Tree

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

SUFFIX = ".parquet"


def parts_of(path: str, column: str, rows: int) -> Iterator[Part]:
    """A file in parts of so many rows. Raises FormatError where the column is missing or holds no text."""
    with _opened(path, column) as file:
        total = file.metadata.num_rows
    for start in range(0, total, rows):
        yield Part(0, start, min(rows, total - start))


def read_rows(path: str, column: str, part: Part) -> list[str]:
    """The text of the rows of a part; that of a null is empty. Raises OnlstmError as `parts_of` does."""
    texts: list[str | None] = []
    begin, start, stop = 0, part.before, part.before + part.lines
    with _opened(path, column) as file:
        for group in range(file.num_row_groups):
            end = begin + file.metadata.row_group(group).num_rows
            if begin < stop and start < end:
                rows = file.read_row_group(group, [column]).column(0)
                texts += rows[max(start - begin, 0) : min(stop, end) - begin].to_pylist()
            begin = end
    return [text or "" for text in texts]


def write_trees(path: Path, first: int, lines: Sequence[str], trees: Iterable[Tree]) -> None:
    """A table of `id` (from `first` on), `text` and `tree` (brackets). Raises OnlstmError if it fails."""
    import pyarrow
    import pyarrow.parquet

    ids = range(first, first + len(lines))
    brackets = [tree.brackets() for tree in trees]
    table = pyarrow.table({"id": pyarrow.array(ids, pyarrow.int64()), "text": lines, "tree": brackets})
    with written_whole(path, "wb") as file:
        pyarrow.parquet.write_table(table, file)


@contextmanager
def _opened(path: str, column: str) -> Iterator[ParquetFile]:
    import pyarrow
    import pyarrow.parquet

    checked_file(path)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            if column not in schema.names:
                close = nearest(column, schema.names)
                raise FormatError(
                    f"no column {column!r}", file=path, remedy=f"name it with --column; {close}"
                )
            kind = schema.field(column).type
            if not (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
                raise FormatError(f"expected text in the column {column!r}, found {kind}", file=path)
            yield file
    except pyarrow.ArrowException as error:
        raise FormatError(f"expected a whole Parquet file, found: {error}", file=path) from error
    except OSError as error:
        raise OnlstmError(f"cannot read: {error.strerror or error}", file=path) from error
