"""What a member of an average thinks of a sentence: a tree, or probabilities, as votes."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np

from onlstm_parse.flat import Span


class Opinion(NamedTuple):
    """A tree, and where the member knows them the probabilities of all brackets."""

    places: list[int | None]
    """For each word that the member reads, its place among the words that count, or None."""
    brackets: list[Span]
    """Those of the tree, over the words that the member reads, n."""
    expected: np.ndarray | None = None
    """The probability of each span as a bracket, (n, n + 1)."""

    def tree(self) -> set[Span]:
        """The brackets over the words that count."""
        found = set()
        for start, stop in self.brackets:
            inside = [place for place in self.places[start:stop] if place is not None]
            if len(inside) > 1:
                found.add((inside[0], inside[-1] + 1))
        return found

    def votes(self, words: int) -> np.ndarray:
        """The votes for all spans of the `words` that count, (words, words + 1).

        A tree has 1 for each of its brackets. Probabilities are scaled so that this is the mean of the
        brackets of the member's own tree, the whole sentence left out: a member that is always in doubt is
        heard as much as others.
        """
        if self.expected is None:
            votes = np.zeros((words, words + 1))
            for span in self.tree():
                votes[span] = 1.0
            return votes
        inner = [span for span in self.brackets if span != (0, len(self.places))]
        own = sum(self.expected[span] for span in inner)
        return over(self.expected, self.places, words) * (len(inner) / own if own > 0 else 1.0)


def over(spans: np.ndarray, places: list[int | None], words: int) -> np.ndarray:
    """What is known of spans of some words, (n, n + 1), for those of the `words` that count.

    `places` are those of the n words among them. Of spans that are the same there the largest value is taken.
    """
    if places == [*range(words)]:
        return spans
    starts = [*accumulate(places[::-1], lambda last, place: last if place is None else place, initial=words)]
    stops = [*accumulate(places, lambda last, place: last if place is None else place + 1, initial=0)]
    found = np.zeros((words + 1, words + 1))
    np.maximum.at(found, (np.array(starts[:0:-1])[:, None], np.array(stops)[None]), spans)
    return found[:words]
