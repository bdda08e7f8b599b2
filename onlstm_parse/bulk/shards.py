"""Cut text and Parquet files into shards, each to be read alone on any machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.bulk import parquet
from onlstm_parse.corpora.locate import locate_text
from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.text import tables
from onlstm_parse.text.reading import Part, checked_file, lines_of_part, parts_of


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
    """As in `Part`; of a Parquet file `offset` is not used."""

    def read(self, column: str, bad_bytes: str) -> list[str]:
        """Raises OnlstmError for what cannot be read, or is shorter than it was."""
        part = Part(self.offset, self.before, self.lines)
        if self.path.endswith(parquet.SUFFIX):
            lines = parquet.read_rows(self.path, column, part)
        else:
            lines = lines_of_part(self.path, part, bad_bytes)
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
        if file.endswith(tables.ENDINGS) and not file.endswith(parquet.SUFFIX):
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
        is_table = file.path.endswith(parquet.SUFFIX)
        parts = parquet.parts_of(file.path, column, lines) if is_table else parts_of(file.path, lines)
        for part in parts:
            yield Shard(number, file.path, total, *part)
            number += 1
            total += part.lines
