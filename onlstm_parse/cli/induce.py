"""`onlstm-parse induce TEXT... --out RUN`: one parser from raw text, in one command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

from onlstm_parse.errors import OnlstmError


def induce(
    text: Positional[tuple[str, ...]],
    *,
    out: Path,
    minutes: float = 60.0,
    valid: str | None = None,
    models: str | None = None,
    voted: str | None = None,
    rounds: int = 2,
    voters: tuple[str, ...] = (),
    without: tuple[Literal["right"], ...] = (),
    seed: int = 1,
    size: Literal["tiny", "small", "paper"] = "small",
    tokeniser: str | None = None,
    normalisation: str | None = None,
    max_words: int | None = None,
    resume: FlagCreatePairsOff[bool] = False,
    quiet: FlagCreatePairsOff[bool] = False,
) -> None:
    """Make one parser from raw text: train several models, average their trees, distil a small parser.

    No gold tree is used. Models are trained side by side, one a core. Grammars then learn the text again,
    with the votes of these models for brackets as a prior on trees. Right-branching trees vote too, which is
    knowledge about languages like English: leave them out with --without right.

    Args:
        text: Text files, plain or compressed, tables, folders, patterns, addresses, names of corpora, or -.
        out: The run folder to make; the members and their average are in it.
        minutes: About how long it takes in all.
        valid: Validation text; by default that of the corpus, or a held-out twentieth.
        models: Members, separated by commas; a model that is named again has another seed. By default
            on-gru,simple-pcfg,on-gru,simple-pcfg. With --voters it may be "": nothing is trained to vote.
        voted: Grammars that learn from the votes, in the same form; "" for none. By default
            neural-pcfg,neural-pcfg.
        rounds: How often grammars learn from votes; from the second time on, those before vote, too.
        voters: Parsers that vote beside the members: runs, or names of pretrained parsers such as en.
        without: Trivial parsers that shall not vote.
        seed: The first seed.
        size: A set of model settings.
        tokeniser: How a line is cut into words, as in onlstm-parse train; by default by the look of the text.
        normalisation: How a word is changed, as in train; by default by the look of the text.
        max_words: Size limit of the vocabulary; the most frequent words stay.
        resume: Continue an interrupted run, with its own text and settings.
        quiet: Print nothing but errors.
    """
    from onlstm_parse.experiments import induce as experiment

    settings = {"tokeniser": tokeniser, "normalisation": normalisation, "max_words": max_words}
    members = experiment.MODELS if models is None else models.replace(",", " ").split()
    learners = experiment.VOTED if voted is None else voted.replace(",", " ").split()
    try:
        experiment.induce(
            text,
            out,
            minutes=minutes,
            valid=valid,
            models=members,
            voted=learners,
            rounds=rounds,
            voters=voters,
            without=without,
            seed=seed,
            size=size,
            resume=resume,
            quiet=quiet,
            **{name: value for name, value in settings.items() if value is not None},
        )
    except KeyboardInterrupt:
        begun = (out / experiment.PLAN).exists()
        remedy = f"continue with: onlstm-parse induce --resume --out {out}"
        raise OnlstmError("interrupted", remedy=remedy if begun else "nothing was trained yet") from None
    if not quiet:
        print(f"the parser is in {out}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    tyro.cli(induce, prog="onlstm-parse induce", args=arguments)
