"""`onlstm-parse induce TEXT... --out RUN`: one parser from raw text, in one command."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.errors import OnlstmError


@dataclass(frozen=True)
class Induce:
    """Make one parser from raw text: train several models, average their trees, distil a small parser.

    No gold tree is used. Models are trained side by side, one a core. Grammars then learn the text again,
    with the votes of these models for brackets as a prior on trees. Right-branching trees vote too, which is
    knowledge about languages like English: leave them out with --without right.
    """

    texts: Positional[tuple[str, ...]]
    """Text files, plain or compressed, tables, folders, patterns, addresses, names of corpora, or -."""
    out: Path
    """The run folder to make; the members and their average are in it."""
    minutes: float = 60.0
    """About how long it takes in all."""
    valid: str | None = None
    """Validation text; by default that of the corpus, or a held-out twentieth."""
    models: str | None = None
    """Members, separated by commas; a model that is named again has another seed. By default
    on-gru,simple-pcfg,on-gru,simple-pcfg. With --voters it may be "": nothing is trained to vote."""
    voted: str | None = None
    """Grammars that learn from the votes, in the same form; "" for none. By default neural-pcfg twice."""
    rounds: int | None = None
    """How often grammars learn from votes; from the second time on, those before vote, too. By default 2."""
    voters: tuple[str, ...] = ()
    """Parsers that vote beside the members: runs, or names of pretrained parsers such as en."""
    without: tuple[Literal["right"], ...] = ()
    """Trivial parsers that shall not vote."""
    seed: int = 1
    """The first seed."""
    size: Literal["tiny", "small", "paper"] = "small"
    """A set of model settings."""
    tokeniser: str | None = None
    """How a line is cut into words, as in onlstm-parse train; by default by the look of the text."""
    normalisation: str | None = None
    """How a word is changed, as in train; by default by the look of the text."""
    max_words: int | None = None
    """Size limit of the vocabulary; the most frequent words stay."""
    resume: FlagCreatePairsOff[bool] = False
    """Continue an interrupted run, with its own text and settings."""
    quiet: FlagCreatePairsOff[bool] = False
    """Print nothing but errors."""


def main(arguments: list[str]) -> None:
    command = tyro.cli(Induce, prog="onlstm-parse induce", args=arguments)

    from onlstm_parse.experiments.induce import induce
    from onlstm_parse.experiments.induction_plan import PLAN

    given = {name: value for name, value in asdict(command).items() if value is not None}
    for name in given.keys() & {"models", "voted"}:
        given[name] = given[name].replace(",", " ").split()
    try:
        induce(**given)
    except KeyboardInterrupt:
        begun = (command.out / PLAN).exists()
        remedy = f"continue with: onlstm-parse induce --resume --out {command.out}"
        raise OnlstmError("interrupted", remedy=remedy if begun else "nothing was trained yet") from None
    if not command.quiet:
        print(f"the parser is in {command.out}", file=sys.stderr)
