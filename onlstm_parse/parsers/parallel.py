"""Lines to trees in several processes of one machine. Several machines: see `bulk`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from onlstm_parse.parsers.base import LINES_AT_ONCE, Parser, load
from onlstm_parse.pretrained import locate_run
from onlstm_parse.processes import in_processes
from onlstm_parse.tree import Tree

Settings = tuple[tuple[str, Any], ...]


def parse_in_processes(
    run: str | Path, lines: Iterable[str], show: Callable[[Tree], str], jobs: int, **settings: Any
) -> Iterator[str]:
    """What `show` makes of the tree of each line, in order, in constant memory.

    Each of the `jobs` processes loads the run once and computes in one thread. `settings` are those of
    `load`, and so are the errors; `show` is a function of a module. Raises OnlstmError if one is killed.
    """
    work = partial(_shown, show, locate_run(run), tuple(settings.items()))
    # A forked process may hang in torch, if this one has computed in threads before.
    yield from chain.from_iterable(in_processes(work, _chunks(lines), jobs, "parses", "spawn"))


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    lines = iter(lines)
    while chunk := list(islice(lines, LINES_AT_ONCE)):
        yield chunk


def _shown(show: Callable[[Tree], str], run: Path, settings: Settings, lines: list[str]) -> list[str]:
    return [show(tree) for tree in _parser(run, settings).parse_lines(lines)]


@lru_cache(1)  # a worker process is asked for the same one with every chunk
def _parser(run: Path, settings: Settings) -> Parser:
    import torch

    torch.set_num_threads(1)
    return load(run, **dict(settings))
