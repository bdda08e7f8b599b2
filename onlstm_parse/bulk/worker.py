"""What an actor does: it holds the parser, and makes shards one after the other."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from onlstm_parse.bulk.plan import PLAN
from onlstm_parse.bulk.request import PARQUET, Parsing, Request
from onlstm_parse.bulk.shards import Shard
from onlstm_parse.display import TREE_FORMATS
from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.files import written_whole
from onlstm_parse.parsers.base import Parser
from onlstm_parse.tree import Tree


class ParsingWorker:
    """Loads the parser at the first call: an error while an actor starts would be told by Ray, at length."""

    def __init__(self, parsing: Parsing) -> None:
        self.parsing = parsing

    @cached_property
    def parser(self) -> Parser:
        return self.parsing.parser()

    def columns(self, lines: Sequence[str]) -> dict[str, list[Any]]:
        """`tree`: brackets. With a `confidence` also `spans`: start, stop and confidence of each bracket."""
        trees = [*self.parser.parse_lines(lines)]
        columns: dict[str, list[Any]] = {"tree": [tree.brackets() for tree in trees]}
        if self.parsing.settings.get("confidence") is not None:
            columns["spans"] = [
                [{"start": start, "stop": stop, "confidence": sure} for start, stop, sure in spans]
                for spans in map(Tree.spans_with_confidence, trees)
            ]
        return columns


class TreeAdder(ParsingWorker):
    """Adds the columns of trees to batches of rows."""

    def __init__(self, parsing: Parsing, column: str) -> None:
        super().__init__(parsing)
        self.column = column

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self.column not in batch:
            raise FormatError(f"no column {self.column!r}, found {', '.join(batch)}")
        lines = [line or "" for line in batch[self.column].tolist()]
        return {**batch, **self.columns(lines)}


class ShardMaker(ParsingWorker):
    """Writes the trees of a shard, whole or not at all: doing it again changes nothing."""

    def __init__(self, request: Request, folder: Path) -> None:
        super().__init__(request.parsing)
        self.request, self.folder = request, folder

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """`row` is a shard's content. Returns its `problem`, if any, and whether others would have it too."""
        shard = Shard(**row)
        try:
            lines = shard.read(self.request.column, self.request.bad_bytes)
        except OnlstmError as error:
            return _outcome(str(error))
        try:
            self._make(shard, lines)
        except OnlstmError as error:
            return _outcome(str(error), ends_all=True)
        except Exception as error:  # an error in the program, or no memory on a GPU
            traceback.print_exc()
            return _outcome(f"{type(error).__name__}: {error}", ends_all=True)
        return _outcome()

    def _make(self, shard: Shard, lines: list[str]) -> None:
        if not (self.folder / PLAN).exists():
            remedy = "it must be on a disk that all machines share"
            raise OnlstmError(f"expected {PLAN} in the folder, found none", file=self.folder, remedy=remedy)
        path = self.request.shard_file(self.folder, shard)
        if self.request.format == PARQUET:
            _write_table(path, shard.id, {"text": lines, **self.columns(lines)})
            return
        show = TREE_FORMATS[self.request.format]
        with written_whole(path) as file:
            file.writelines(f"{show(tree)}\n" for tree in self.parser.parse_lines(lines))


def _write_table(path: Path, first: int, columns: dict[str, list[Any]]) -> None:
    """Parquet with these columns and `id`, from `first` on. Raises OnlstmError."""
    import pyarrow
    import pyarrow.parquet

    whole, real = pyarrow.int64(), pyarrow.float64()
    span = pyarrow.struct([("start", whole), ("stop", whole), ("confidence", real)])
    types = {"id": whole, "spans": pyarrow.list_(span)}  # not guessed: a shard may have no spans at all
    columns = {"id": [*range(first, first + len(columns["text"]))], **columns}
    table = pyarrow.table({name: pyarrow.array(values, types.get(name)) for name, values in columns.items()})
    with written_whole(path, "wb") as file:
        pyarrow.parquet.write_table(table, file)


def _outcome(problem: str = "", ends_all: bool = False) -> dict[str, Any]:
    told = " ".join(f"{problem} (on {platform.node()})".split())
    return {"problem": told if problem else "", "ends_all": ends_all}
