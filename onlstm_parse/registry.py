"""Lazy tables: a name stands for "module:object", imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from onlstm_parse.errors import UsageError


def nearest(name: str, known: Mapping[str, Any] | list[str]) -> str:
    """A remedy that names the known names nearest to `name`, or all of them."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(sorted(known))}"


def check_known(kind: str, name: str, known: Mapping[str, Any] | list[str]) -> None:
    """Raises UsageError unless `name` is one of the known."""
    if name not in known:
        raise UsageError(f"unknown {kind} {name!r}", remedy=nearest(name, known))


def resolve(name: str) -> Any:
    """Import what "module:object" names."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


class Table(Mapping[str, Any]):
    """The registered implementations of one contract (models, tokenisers, ...)."""

    def __init__(self, kind: str, entries: dict[str, str]) -> None:
        self.kind, self._entries = kind, entries

    def __getitem__(self, name: str) -> Any:
        check_known(self.kind, name, self._entries)
        return resolve(self._entries[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries
