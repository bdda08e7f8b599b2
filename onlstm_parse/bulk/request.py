"""What is asked of a bulk parse: the run and its settings, the input, the form of the output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onlstm_parse.bulk.shards import InputFile, Shard
from onlstm_parse.corpora.locate import lasting
from onlstm_parse.display import TREE_FORMATS
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.parsers.base import Parser, load
from onlstm_parse.pretrained import locate_run
from onlstm_parse.registry import check_known
from onlstm_parse.runs import fingerprint
from onlstm_parse.version import VERSION

PARQUET = "parquet"
SUFFIXES = {"brackets": "trees", "json": "jsonl"}  # of shards; those of other formats are the format's name


@dataclass(frozen=True)
class Parsing:
    """A run, which one it is, and the settings of its parser."""

    run: str
    fingerprint: str
    settings: dict[str, Any]
    version: str = VERSION

    @classmethod
    def of(cls, run: str | Path, settings: dict[str, Any]) -> Parsing:
        """Raises what `load` raises, but for a device that only other machines have."""
        load(run, **{**settings, "device": "cpu"})
        return cls(lasting(run), fingerprint(locate_run(run)), settings)

    def parser(self) -> Parser:
        """The parser, on any machine. Raises OnlstmError where the run or the toolkit is another one."""
        parser = load(self.run, **self.settings)
        found = fingerprint(locate_run(self.run)), VERSION
        if found != (self.fingerprint, self.version):
            raise OnlstmError(
                f"expected run {self.fingerprint} and version {self.version}, found {' and '.join(found)}",
                file=self.run,
                remedy="every machine needs the same",
            )
        return parser


@dataclass(frozen=True)
class Request:
    """Everything that moves the content of the shards."""

    parsing: Parsing
    files: list[InputFile]
    format: str
    column: str
    bad_bytes: str
    shard_lines: int

    def __post_init__(self) -> None:
        check_known("format of shards", self.format, [*TREE_FORMATS, PARQUET])
        if self.shard_lines < 1:
            raise UsageError(f"a shard needs a line or more, found shard_lines {self.shard_lines}")

    def shard_file(self, folder: Path, shard: Shard) -> Path:
        return folder / f"shard-{shard.number:06}.{SUFFIXES.get(self.format, self.format)}"
