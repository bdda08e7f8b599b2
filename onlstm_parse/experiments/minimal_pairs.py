"""Minimal pairs: two sentences that differ in little, of which only the first is grammatical.

A line is `phenomenon<TAB>condition<TAB>grammatical<TAB>ungrammatical`; condition and phenomenon may be left
out. A first line that names its columns so is skipped.
"""

from __future__ import annotations

from os import PathLike
from typing import NamedTuple

from onlstm_parse.errors import FormatError
from onlstm_parse.text.reading import decoded_lines

COLUMNS = ("phenomenon", "condition", "grammatical", "ungrammatical")
SHAPE = "a line is: phenomenon, condition, grammatical, ungrammatical, parted by tabs"


class Pair(NamedTuple):
    grammatical: str
    ungrammatical: str
    phenomenon: str = "pairs"
    condition: str = ""


def read_pairs(path: str | PathLike[str]) -> list[Pair]:
    """The pairs of a file, plain or gzipped.

    Raises OnlstmError for a file that cannot be read, FormatError for a line of another form or no pairs.
    """
    pairs = []
    with decoded_lines(path) as lines:
        for number, line in enumerate(lines, 1):
            fields = [field.strip() for field in line.split("\t")]
            if not line.strip() or (number == 1 and fields[-2:] == list(COLUMNS[-2:])):
                continue
            if problem := _problem(fields):
                raise FormatError(problem, file=path, line=number, remedy=SHAPE)
            pairs.append(Pair(*fields[-2:], *fields[:-2]))
    if not pairs:
        raise FormatError("expected minimal pairs, found none", file=path, remedy=SHAPE)
    return pairs


def _problem(fields: list[str]) -> str | None:
    if len(fields) == 1:
        return f"expected two sentences parted by a tab, found one: {fields[0][:40]!r}"
    if len(fields) > len(COLUMNS):
        return f"expected at most {len(COLUMNS)} fields, found {len(fields)}"
    if not all(fields[-2:]):
        return "expected two sentences, found an empty one"
    if fields[-1] == fields[-2]:
        return f"expected two different sentences, found the same twice: {fields[-1][:40]!r}"
    return None
