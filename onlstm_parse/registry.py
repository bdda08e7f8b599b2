"""Lazy tables: a name stands for "module:object", imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
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
    """The registered implementations of one contract (models, tokenisers, ...).

    An entry is an object, or "module:object". Installed packages add theirs under the entry point `group`;
    they cannot replace one of these.
    """

    def __init__(self, kind: str, entries: Mapping[str, Any], group: str | None = None) -> None:
        self.kind, self._built_in, self._group = kind, entries, group

    @cached_property
    def entries(self) -> dict[str, Any]:
        from importlib.metadata import entry_points

        outside = entry_points(group=self._group) if self._group else ()
        return {**{point.name: point.value for point in outside}, **self._built_in}

    def __getitem__(self, name: str) -> Any:
        check_known(self.kind, name, self.entries)
        entry = self.entries[name]
        return resolve(entry) if isinstance(entry, str) else entry

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries
