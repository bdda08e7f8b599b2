"""The plan of a bulk parse, in the folder of its shards: a parse that was stopped goes on by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onlstm_parse.bulk.request import Request
from onlstm_parse.bulk.shards import Shard, cut
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.files import remove_leftovers, writing, written_whole
from onlstm_parse.processes import locked

PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    request: Request
    shards: list[Shard]

    @classmethod
    def begun(cls, request: Request, folder: Path) -> Plan:
        """The plan that `folder` has, or a new one, for which text files are read once.

        Raises UsageError if it has one of another request, and what `cut` raises.
        """
        asked = json.loads(json.dumps(asdict(request)))
        if (folder / PLAN).exists():
            content = _read(folder / PLAN)
            _check_same(content["request"], asked, folder)
            return cls(request, [Shard(*facts) for facts in content["shards"]])
        shards = list(cut(request.files, request.shard_lines, request.column))
        facts = [[*asdict(shard).values()] for shard in shards]
        with written_whole(folder / PLAN) as file:
            json.dump({"request": asked, "shards": facts}, file, ensure_ascii=False)
        return cls(request, shards)

    def missing(self, folder: Path) -> list[Shard]:
        """The shards that are not in `folder` yet."""
        there = {path.name for path in folder.iterdir()}
        return [shard for shard in self.shards if self.request.shard_file(folder, shard).name not in there]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"request": content["request"], "shards": content["shards"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError("not the plan of a bulk parse", file=path, remedy="name another --out") from error


def _check_same(before: dict[str, Any], asked: dict[str, Any], folder: Path) -> None:
    before, asked = ({**content, **content["parsing"]} for content in (before, asked))
    for name in ("run", "fingerprint", "version", "settings", "files", *asked):
        if before.get(name) != asked[name]:
            what = f"{before.get(name)!r} as {name}, not {asked[name]!r}"
            problem = "other or changed input files" if name == "files" else what
            raise UsageError(f"the folder was begun with {problem}", file=folder, remedy="name another --out")


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made where it is missing, for this process alone. Raises OnlstmError if another has it."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock", wait=False) as ours:
        if not ours:
            raise OnlstmError("another process is at it", file=folder, remedy="wait for it, or stop it")
        yield folder
        remove_leftovers(folder)
