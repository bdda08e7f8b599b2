"""Spans, and a tree as lists of leaves and spans."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

Span = tuple[int, int]
"""Leaves `start` to `stop - 1`."""
LabelledSpan = tuple[int, int, str]

ROOTS = ("", "ROOT", "TOP", "VROOT")


class Flat(NamedTuple):
    """A tree as lists: all that scoring needs, and faster to read than nodes.

    `tags` are the pre-terminals' labels, None for a bare leaf; `spans` are
    (start, stop, label), children before parents, without pre-terminals.
    """

    leaves: list[str]
    tags: list[str | None]
    spans: list[LabelledSpan]

    def pruned(self, keep: Sequence[bool]) -> Flat:
        """Remove leaves that are not kept, and constituents that become empty, as `filters.prune` does."""
        position = list(accumulate(keep, initial=0))
        leaves = [leaf for leaf, kept in zip(self.leaves, keep, strict=True) if kept]
        tags = [tag for tag, kept in zip(self.tags, keep, strict=True) if kept]
        spans = []
        for start, stop, label in self.spans:
            start, stop = position[start], position[stop]
            if stop - start == 1 and tags[start] is None:
                tags[start] = label  # only a bare leaf is left of the constituent
            elif start < stop:
                spans.append((start, stop, label))
        return Flat(leaves, tags, spans)

    def unwrapped(self) -> Flat:
        """Remove the outer bracket if its label is one of ROOTS, as `filters.unwrap` does."""
        spans = list(self.spans)
        while spans and spans[-1][2] in ROOTS:
            start, stop, _ = spans.pop()
            if (spans[-1:] and spans[-1][:2] == (start, stop)) or (stop == 1 and self.tags[0] is not None):
                continue
            spans.append((start, stop, "X"))
        return Flat(self.leaves, self.tags, spans)
