"""EVALB's summary of labelled trees (Sekine & Collins 1997), for parsers that give labels and tags.

As in EVALB, leaves with a deleted tag are removed, labels lose their function tags, and one-word brackets
count. In a unary chain each bracket is matched once. A sentence whose words differ is an error and is left
out; a sentence without predicted words is skipped. A crossing bracket is a predicted one that crosses a gold
one. If its tag deletes a quote on one side only (`'` as `''` and as POS), it stays on both sides where
QUOTE_LABEL names both tags.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import zip_longest
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.flat import Flat
from onlstm_parse.scoring.flattening import AnyTree, flatten
from onlstm_parse.scoring.gold import Digest
from onlstm_parse.scoring.signature import line
from onlstm_parse.text.reading import decoded_lines

Span = tuple[int, int]
_NUMBERS = {"MAX_ERROR": "max_error", "CUTOFF_LEN": "cutoff", "LABELED": "labelled"}
_UNUSED = ("DEBUG", "DISC_ONLY")
_QUOTES = ("'", '"', "/")


@dataclass
class Parameters:
    """The settings of a parameter file. The defaults are those of COLLINS.prm."""

    labelled: int = 1
    cutoff: int = 40
    max_error: int = 10
    delete: set[str] = field(default_factory=lambda: {"TOP", "-NONE-", ",", ":", "``", "''", "."})
    delete_for_length: set[str] = field(default_factory=lambda: {"-NONE-"})
    same_label: set[tuple[str, str]] = field(default_factory=lambda: {("ADVP", "PRT")})
    same_word: set[tuple[str, str]] = field(default_factory=set)
    quote: set[str] = field(default_factory=set)
    name: str = "COLLINS"


def read_parameters(path: str | PathLike[str]) -> Parameters:
    """Read an EVALB parameter file. Raises FormatError with file and line."""
    file = Path(path)
    found = Parameters(delete=set(), delete_for_length=set(), same_label=set())
    sets = {"DELETE_LABEL": found.delete, "DELETE_LABEL_FOR_LENGTH": found.delete_for_length}
    sets["QUOTE_LABEL"] = found.quote
    pairs = {"EQ_LABEL": found.same_label, "EQ_WORD": found.same_word}
    digest = sha256()
    with decoded_lines(file) as lines:
        for number, text in enumerate(lines, 1):
            keyword, *values = text.split()[:3] or ["#"]
            if keyword.startswith("#"):
                continue
            digest.update(f"{keyword} {values}\n".encode())
            if keyword in pairs and len(values) == 2:
                pairs[keyword].add((values[0], values[1]))
            elif keyword in sets and len(values) == 1:
                sets[keyword].add(values[0])
            elif keyword in _NUMBERS and len(values) == 1 and values[0].isdecimal():
                setattr(found, _NUMBERS[keyword], int(values[0]))
            elif keyword not in _UNUSED:
                known = ", ".join([*_NUMBERS, *sets, *pairs, *_UNUSED])
                problem = f"expected an EVALB parameter and its value, found {text[:60]!r}"
                raise FormatError(problem, file=file, line=number, remedy=f"known: {known}")
    found.name = digest.hexdigest()[:12]
    return found


class _Sentence(NamedTuple):
    length: int
    matched: int
    predicted: int
    gold: int
    crossing: int
    words: int
    tags: int


def labelled_summary(
    predicted: Iterable[AnyTree], gold: Iterable[AnyTree], parameters: Parameters | None = None
) -> dict[str, Any]:
    """EVALB's summary of all sentences, and of those up to the cutoff length, in percent.

    Raises OnlstmError if the number of trees differs, a leaf has no tag, or the words of more than MAX_ERROR
    sentences differ.
    """
    parameters = parameters or Parameters()
    digests = Digest(), Digest()
    everything, short = _Summary(), _Summary()
    for number, pair in enumerate(zip_longest(predicted, gold), 1):
        if None in pair:
            side = "predicted" if pair[0] is None else "gold"
            raise OnlstmError(f"expected as many predicted as gold trees, found {number - 1} {side} ones")
        ours, theirs = (flatten(tree, unwrap=False) for tree in pair)
        for digest, flat in zip(digests, (ours, theirs), strict=True):
            digest.add(flat)
        length = sum(tag not in parameters.delete_for_length for tag in theirs.tags)
        for summary in (everything, short) if length <= parameters.cutoff else (everything,):
            summary.add(ours, theirs, length, parameters)
        if everything.errors > parameters.max_error:
            raise _other_words(ours, theirs, number, everything.errors)
    parts = {"parameters": parameters.name, "n": everything.valid, "errors": everything.errors}
    parts |= {"skipped": everything.skipped, "gold": str(digests[1]), "trees": str(digests[0])}
    return {
        "signature": line("evalb-labelled", parts),
        "all": everything.figures(),
        f"<={parameters.cutoff}": short.figures(),
    }


@dataclass
class _Summary:
    """EVALB's sums."""

    sentences: int = 0
    errors: int = 0
    skipped: int = 0
    complete: int = 0
    no_crossing: int = 0
    two_or_less: int = 0
    sums: _Sentence = field(default_factory=lambda: _Sentence(0, 0, 0, 0, 0, 0, 0))

    @property
    def valid(self) -> int:
        return self.sentences - self.errors - self.skipped

    def add(self, predicted: Flat, gold: Flat, length: int, parameters: Parameters) -> None:
        self.sentences += 1
        ours, theirs = _Terminals(predicted, parameters), _Terminals(gold, parameters)
        if not ours.words:
            self.skipped += 1
            return
        if len(ours.words) != len(theirs.words) and parameters.quote:
            spared = _spared(ours, theirs, parameters.delete)
            ours, theirs = (
                _Terminals(flat, parameters, places)
                for flat, places in zip((predicted, gold), spared, strict=True)
            )
        if not ours.same_words(theirs, parameters.same_word):
            self.errors += 1
            return
        matched, crossing = _matches(ours.brackets, theirs.brackets, parameters), ours.crossing(theirs)
        tags = sum(map(_Same(parameters.same_label), ours.tags, theirs.tags))
        n_ours, n_theirs = len(ours.brackets), len(theirs.brackets)
        one = _Sentence(length, matched, n_ours, n_theirs, crossing, len(ours.words), tags)
        self.sums = _Sentence(*map(sum, zip(self.sums, one, strict=True)))
        self.complete += matched == n_ours == n_theirs
        self.no_crossing += crossing == 0
        self.two_or_less += crossing <= 2

    def figures(self) -> dict[str, float | int | None]:
        sums, valid = self.sums, self.valid
        recall, precision = _percent(sums.matched, sums.gold), _percent(sums.matched, sums.predicted)
        return {
            "sentences": self.sentences,
            "errors": self.errors,
            "skipped": self.skipped,
            "valid": valid,
            "recall": recall,
            "precision": precision,
            "f1": 2 * recall * precision / (recall + precision) if recall + precision else 0.0,
            "complete_match": _percent(self.complete, valid),
            "average_crossing": sums.crossing / valid if valid else 0.0,
            "no_crossing": _percent(self.no_crossing, valid),
            "two_or_less_crossing": _percent(self.two_or_less, valid),
            "tagging_accuracy": _percent(sums.tags, sums.words),
        }


class _Same:
    """Equality, extended by some pairs."""

    def __init__(self, pairs: set[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __call__(self, one: str, other: str) -> bool:
        return one == other or (one, other) in self._pairs or (other, one) in self._pairs


class _Quote(NamedTuple):
    """A leaf that may be a quote: its place, the number of words before it, its tag."""

    place: int
    before: int
    tag: str


class _Terminals:
    """A tree without deleted labels and leaves, except those that are `spared`. `brackets` are outermost
    first.
    """

    def __init__(self, flat: Flat, parameters: Parameters, spared: Collection[int] = ()) -> None:
        if None in flat.tags:
            problem = "expected a tag on every leaf, as EVALB needs them, found a bare leaf"
            remedy = "leave out --labelled to score brackets alone"
            raise OnlstmError(problem, file=flat.file, line=flat.line, remedy=remedy)
        before = [0]
        self.words: list[str] = []
        self.tags: list[str] = []
        self.quotes: list[_Quote] = []
        for place, (word, tag) in enumerate(zip(flat.leaves, flat.tags, strict=True)):
            if tag in parameters.quote and word in _QUOTES:
                self.quotes.append(_Quote(place, len(self.words), tag))
            if tag not in parameters.delete or place in spared:
                self.words.append(word)
                self.tags.append(tag or "")
            before.append(len(self.words))
        same = _Same(parameters.same_label)
        self.brackets: list[tuple[Span, str]] = []
        for start, stop, label in zip(flat.starts, flat.stops, flat.labels, strict=True):
            label = label.replace("=", "-").partition("-")[0]
            span = before[start], before[stop]
            if span[0] < span[1] and not any(same(label, other) for other in parameters.delete):
                self.brackets.append((span, label))
        self.brackets.reverse()

    def same_words(self, other: _Terminals, pairs: set[tuple[str, str]]) -> bool:
        return self.words == other.words or (
            len(self.words) == len(other.words) and all(map(_Same(pairs), self.words, other.words))
        )

    def crossing(self, other: _Terminals) -> int:
        spans = {span for span, _ in other.brackets}
        return sum(any(a < c < b < d or c < a < d < b for c, d in spans) for (a, b), _ in self.brackets)


def _spared(ours: _Terminals, theirs: _Terminals, delete: Collection[str]) -> tuple[list[int], list[int]]:
    """Quotes whose tag deletes them on one side, while the other side keeps its quote."""
    spared: tuple[list[int], list[int]] = ([], [])

    def position(quote: _Quote, side: int) -> int:
        return quote.before + sum(place < quote.place for place in spared[side])

    for mine in ours.quotes:
        for other in theirs.quotes:
            at_once = position(mine, 0) == position(other, 1) and other.place not in spared[1]
            if at_once and (mine.tag in delete) != (other.tag in delete):
                side, quote = (0, mine) if mine.tag in delete else (1, other)
                spared[side].append(quote.place)
                break
    return spared


def _matches(predicted: list[tuple[Span, str]], gold: list[tuple[Span, str]], parameters: Parameters) -> int:
    """The number of gold brackets that match a predicted one; each predicted one matches once."""
    same = _Same(parameters.same_label)
    left: dict[Span, list[str]] = {}
    for span, label in predicted:
        left.setdefault(span, []).append(label)
    matched = 0
    for span, label in gold:
        labels = left.get(span, [])
        fitting = (i for i, other in enumerate(labels) if not parameters.labelled or same(label, other))
        if (place := next(fitting, None)) is not None:
            del labels[place]
            matched += 1
    return matched


def _other_words(predicted: Flat, gold: Flat, number: int, errors: int) -> OnlstmError:
    problem = (
        f"predicted and gold words differ in {errors} sentences, most recently in sentence {number}:"
        f" expected {' '.join(gold.leaves)!r}{gold.place}, found {' '.join(predicted.leaves)!r}"
    )
    remedy = "raise MAX_ERROR in the parameter file to leave such sentences out"
    return OnlstmError(problem, file=predicted.file, line=predicted.line, remedy=remedy)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
