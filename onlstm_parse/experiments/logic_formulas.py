"""Pairs of formulas of propositional logic, each with the relation that holds between them.

    relation<TAB>formula<TAB>formula        v   e   ( ( not a ) ( or ( b ( and e ) ) ) )

Data: Bowman, Manning and Potts 2015. The files are train0.tsv to train6.tsv and test0.tsv to test12.tsv; the
number is that of the operators of the longer formula (test12 has a few longer ones).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from onlstm_parse import corpora
from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.registry import nearest
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.pipeline import TextPipeline, load_tokeniser
from onlstm_parse.text.reading import decoded_lines
from onlstm_parse.text.vocabulary import EOS, UNK, Vocabulary
from onlstm_parse.training.pairs import PairedText, Pairs

TRAINED, TESTED = range(7), range(13)  # operators
HELD_OUT = 10  # every tenth training pair is for validation, as in the code of Shen et al. 2019
RELATIONS = ("#", ">", "<", "v", "|", "=", "^")
SYMBOLS = ("(", ")", "and", "or", "not", "a", "b", "c", "d", "e", "f")
TEXT = TextConfig(tokeniser="whitespace", normalisation="none", min_count=1)


class Row(NamedTuple):
    """A pair of formulas, each by its place among all formulas, and their relation."""

    first: int
    second: int
    relation: int


@dataclass(frozen=True)
class LogicText(PairedText):
    """The training pairs, those held out of them, and the test pairs by the number of operators."""

    tests: Mapping[int, Pairs]


def read_logic(data: str | Path) -> LogicText:
    """Read all files of a folder, or of a corpus. Raises OnlstmError, FormatError with file and line."""
    folder = Path(data) if Path(data).is_dir() else Path(corpora.locate_text(data)[0]).parent
    names = [f"train{size}.tsv" for size in TRAINED] + [f"test{size}.tsv" for size in TESTED]
    if missing := [name for name in names if not (folder / name).is_file()]:
        problem = (
            f"expected train0.tsv to train6.tsv and test0.tsv to test12.tsv, without {', '.join(missing)}"
        )
        raise OnlstmError(problem, file=folder, remedy="get the files again")
    formulas = Formulas()
    rows = {name: formulas.read(folder / name) for name in names}
    train = [row for size in TRAINED for row in rows[f"train{size}.tsv"]]
    held_out = train[HELD_OUT - 1 :: HELD_OUT]
    del train[HELD_OUT - 1 :: HELD_OUT]
    if not held_out:
        raise OnlstmError(f"expected {HELD_OUT} training pairs or more, found {len(train)}", file=folder)
    pipeline = TextPipeline(TEXT, load_tokeniser(TEXT.tokeniser, folder), formulas.vocabulary)
    tests = {size: formulas.pairs(rows[f"test{size}.tsv"]) for size in TESTED}
    return LogicText(pipeline, formulas.pairs(train), formulas.pairs(held_out), tests)


class Formulas:
    """The different formulas that were read so far, and a digest of the files."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary((EOS, UNK, *SYMBOLS))
        self.ids: list[np.ndarray] = []
        self._places: dict[str, int] = {}
        self._digest = hashlib.sha256()

    def read(self, path: Path) -> list[Row]:
        rows = []
        with decoded_lines(path) as lines:
            for number, line in enumerate(lines, 1):
                try:
                    rows.append(self._row(line))
                except FormatError as error:
                    raise FormatError(error.problem, file=path, line=number, remedy=error.remedy) from None
                self._digest.update(line.encode() + b"\n")
        if not rows:
            raise FormatError("expected pairs of formulas, found an empty file", file=path)
        return rows

    def _row(self, line: str) -> Row:
        relation, *formulas = line.split("\t")
        if len(formulas) != 2:
            raise FormatError(f"expected a relation and two formulas, with tabs between, found {line!r}")
        if relation not in RELATIONS:
            raise FormatError(f"unknown relation {relation!r}", remedy=nearest(relation, list(RELATIONS)))
        first, second = map(self._place, formulas)
        return Row(first, second, RELATIONS.index(relation))

    def _place(self, formula: str) -> int:
        if formula not in self._places:
            symbols = formula.split()
            for symbol in symbols:
                if symbol not in SYMBOLS:
                    problem = f"unknown operator or variable {symbol!r} in {formula!r}"
                    raise FormatError(problem, remedy=nearest(symbol, list(SYMBOLS)))
            if not symbols or symbols.count("(") != symbols.count(")"):
                raise FormatError(f"expected a formula with all its brackets, found {formula!r}")
            self._places[formula] = len(self.ids)
            self.ids.append(np.array(self.vocabulary.encode(symbols)))
        return self._places[formula]

    def pairs(self, rows: list[Row]) -> Pairs:
        """Called when all files are read, as the digest is of all of them."""
        table = np.array(rows, dtype=np.int64)
        return Pairs(self.ids, table[:, :2], table[:, 2], self._digest.hexdigest()[:16])
