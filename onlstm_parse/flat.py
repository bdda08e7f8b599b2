"""Spans, and a tree as lists: leaves, tags, brackets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, compress
from pathlib import Path
from typing import NamedTuple

Span = tuple[int, int]
"""Leaves `start` to `stop - 1`."""

ROOTS = ("", "ROOT", "TOP", "VROOT")


class Flat(NamedTuple):
    """A tree as lists: all that scoring needs, and faster to read than nodes.

    `tags` are the labels of pre-terminals, None for a bare leaf. Bracket i has the label `labels[i]` and
    leaves `starts[i]` to `stops[i] - 1`: children before parents, without pre-terminals. `raised` counts
    constituents that lost parts that crossed others.
    """

    leaves: list[str]
    tags: list[str | None]
    starts: list[int]
    stops: list[int]
    labels: list[str]
    file: Path | None = None
    line: int | None = None
    raised: int = 0

    @property
    def place(self) -> str:
        return f" ({self.file}:{self.line})" if self.file else ""

    def pruned(self, keep: Sequence[bool]) -> Flat:
        """Remove leaves that are not kept, and constituents that become empty, as `filters.prune` does."""
        position = list(accumulate(keep, initial=0))
        tags = list(compress(self.tags, keep))
        starts, stops, labels = [], [], []
        for start, stop, label in zip(self.starts, self.stops, self.labels, strict=True):
            start, stop = position[start], position[stop]
            if stop - start == 1 and tags[start] is None:
                tags[start] = label  # only a bare leaf is left of the constituent
            elif start < stop:
                starts.append(start)
                stops.append(stop)
                labels.append(label)
        leaves = list(compress(self.leaves, keep))
        return self._replace(leaves=leaves, tags=tags, starts=starts, stops=stops, labels=labels)

    def unwrapped(self) -> Flat:
        """Remove the outer bracket if its label is one of ROOTS, as `filters.unwrap` does."""
        left, label = len(self.labels), ""
        while left and self.labels[left - 1] in ROOTS:
            left -= 1
            span = self.starts[left], self.stops[left]
            inside = left and (self.starts[left - 1], self.stops[left - 1]) == span
            if not inside and not (span[1] == 1 and self.tags[0] is not None):
                label = "X"  # the only bracket over all leaves
                left += 1
                break
        if left == len(self.labels) and not label:
            return self
        labels = [*self.labels[: left - 1], label] if label else self.labels[:left]
        return self._replace(starts=self.starts[:left], stops=self.stops[:left], labels=labels)
