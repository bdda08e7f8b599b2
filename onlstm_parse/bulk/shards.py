"""Cut text and Parquet files into shards, each to be read alone on any machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.corpora.locate import locate_text
from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.text import tables
from onlstm_parse.text.reading import Part, checked_file, lines_of_part, parts_of

PARQUET_ENDING = ".parquet"


class InputFile(NamedTuple):
    """A file, and what tells that it is still the same."""

    path: str
    size: int
    modified: int


@dataclass(frozen=True)
class Shard:
    """Lines of a text file, or rows of a Parquet file, that follow one another."""

    number: int
    path: str
    id: int
    """Of the first of them, counted from 0 over all files."""
    offset: int
    before: int
    lines: int
    """As in `Part`."""

    def read(self, column: str, bad_bytes: str) -> list[str]:
        """Raises OnlstmError for what cannot be read, or is shorter than it was."""
        part = Part(self.offset, self.before, self.lines)
        lines = lines_of_part(self.path, part, bad_bytes, _column_in(self.path, column))
        if len(lines) < self.lines:
            raise FormatError(
                f"expected {self.before + self.lines} lines, found {self.before + len(lines)}",
                file=self.path,
                remedy="the file has changed meanwhile: start again with another --out",
            )
        return lines


def input_files(name: str | Path) -> list[InputFile]:
    """The files of a path, a pattern or a corpus; of a folder those with usual endings.

    Raises OnlstmError if there are none.
    """
    found = locate_text(name)
    if not found or not all(isinstance(file, Path) for file in found):
        remedy = "name files on a disk that all machines see"
        raise OnlstmError("expected files of text or Parquet", file=Path(name), remedy=remedy)
    for file in map(str, found):
        if file.endswith(tables.ENDINGS) and not file.endswith(PARQUET_ENDING):
            remedy = "write the table as Parquet"
            raise OnlstmError("expected text or Parquet, found another table", file=file, remedy=remedy)
    facts = [(file, checked_file(file).stat()) for file in sorted(map(Path, found))]
    return [InputFile(str(file.resolve()), stat.st_size, stat.st_mtime_ns) for file, stat in facts]


def cut(files: Iterable[InputFile], lines: int, column: str) -> Iterator[Shard]:
    """Shards of so many lines; the last of a file may have fewer. Reads text files once.

    Raises OnlstmError for a file that cannot be read, FormatError for a Parquet file without the column.
    """
    number = total = 0
    for file in files:
        for part in parts_of(file.path, lines, _column_in(file.path, column)):
            yield Shard(number, file.path, total, *part)
            number += 1
            total += part.lines


def _column_in(path: str, column: str) -> str | None:
    """The column to read of a Parquet file; None for text."""
    return column if path.endswith(PARQUET_ENDING) else None
