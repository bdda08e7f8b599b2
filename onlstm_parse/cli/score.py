"""`onlstm-parse score PREDICTED GOLD`: any system's trees against a treebank; no model needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

if TYPE_CHECKING:
    from onlstm_parse.scoring.gold import Gold

ALL = "all"


@dataclass(frozen=True)
class Score:
    """Score any system's trees against a treebank, beside the trivial parsers.

    score PREDICTED GOLD, score --compare A B GOLD, score --between A B C ..., or score --explain SIGNATURE.
    """

    files: Positional[tuple[str, ...]] = ()
    """A file of bracketed trees, one for each gold tree; and a treebank file, folder or corpus name."""
    protocol: str = "shen2019"
    """shen2019, kim2019, evalb, strict, or all."""
    format: str | None = None
    """The treebank's format: penn, ctb, sinica, negra, tiger or alpino; by default recognised by content.
    `penn:latin-1` names the encoding too."""
    words: str | None = None
    """The leaves that count: penn-words, unicode-words, no-punctuation, no-punctuation-tags,
    no-punctuation-marks or none; by corpus or format if not given."""
    max_words: int | None = None
    """Leave out longer sentences, counted in words that count."""
    filters: str = ""
    """Changes to the gold trees, applied in order, separated by commas: roots, traces,
    punctuation[:tags|marks], words:NAME, function-tags, unaries, length:[LEAST-]MOST.
    """
    compare: tuple[str, ...] = ()
    """Two files of trees, then the treebank: may the difference be chance?"""
    between: tuple[str, ...] = ()
    """The trees of several runs of one system: how much do they agree?"""
    labelled: FlagCreatePairsOff[bool] = False
    """Add EVALB's summary of labelled brackets and tags; every leaf needs a tag."""
    parameters: Path | None = None
    """An EVALB parameter file for --labelled; by default COLLINS."""
    resamples: int = 1000
    """Number of resamples for the bootstrap and the permutation test; 0 leaves out the interval."""
    json: FlagCreatePairsOff[bool] = False
    """Print one JSON object instead of a table."""
    csv: FlagCreatePairsOff[bool] = False
    """Print comma-separated figures, one a line."""
    latex: FlagCreatePairsOff[bool] = False
    """Print LaTeX tables."""
    plot: Path | None = None
    """Draw F1 by length, with trivial parsers, and recall by depth and label into a .png, .pdf or .svg
    file."""
    explain: str | None = None
    """Explain a signature in words."""


def run(options: Score) -> str:
    """The text to print."""
    from onlstm_parse.errors import UsageError
    from onlstm_parse.scoring import PROTOCOLS
    from onlstm_parse.scoring.signature import explain

    if options.explain is not None:
        return explain(options.explain)
    if options.protocol != ALL:
        PROTOCOLS[options.protocol]
    if options.resamples < 0:
        raise UsageError(f"expected 0 resamples or more, found {options.resamples}")
    if sum((options.json, options.csv, options.latex)) > 1:
        raise UsageError("expected one of --json, --csv and --latex, found several")
    if options.compare or options.between:
        if options.protocol == ALL or options.csv or options.latex or options.plot or options.labelled:
            raise UsageError("--compare and --between take one protocol, and print a table or --json")
        return _compare(options) if options.compare else _between(options)
    return _score(options)


def _score(options: Score) -> str:
    from onlstm_parse.display.score_files import expect_plottable
    from onlstm_parse.errors import UsageError
    from onlstm_parse.scoring import PROTOCOLS
    from onlstm_parse.scoring.metrics import reports
    from onlstm_parse.treebanks.reading import read_flat_treebank

    if len(options.files) != 2:
        problem = f"expected PREDICTED and GOLD, found {len(options.files)} names"
        raise UsageError(problem, remedy="see onlstm-parse score --help")
    labelled_too = bool(options.labelled or options.parameters)
    if labelled_too and options.filters:
        raise UsageError(
            "--labelled takes no --filters", remedy="name what to delete in a file for --parameters"
        )
    if options.plot:
        expect_plottable(options.plot)
    predicted, treebank = options.files
    gold = _gold(treebank, options)
    protocols = list(PROTOCOLS) if options.protocol == ALL else [options.protocol]
    found = reports(read_flat_treebank(predicted, "penn"), gold, protocols, resamples=options.resamples)
    if labelled_too:
        labelled = _labelled(options)
        for report in found.values():
            report["labelled"] = labelled
    return _shown(found, options)


def _shown(found: dict[str, dict[str, Any]], options: Score) -> str:
    from json import dumps

    from onlstm_parse.display import score_files
    from onlstm_parse.display.scores import score_table

    name, several = Path(options.files[0]).name, list(found.values())
    if options.plot:
        score_files.plot(next(one for one in several if one["sentences"]), options.plot, name)
    if options.json:
        return dumps(several[0] if len(several) == 1 else {"by_protocol": found}, ensure_ascii=False)
    if options.csv:
        return score_files.csv(several, name)
    if options.latex:
        return score_files.latex(several, name)
    return "\n\n\n".join(score_table(report, name) for report in several)


def _labelled(options: Score) -> dict[str, Any]:
    from onlstm_parse.corpora import locate_treebank
    from onlstm_parse.scoring.evalb import labelled_summary, read_parameters
    from onlstm_parse.treebanks.reading import read_flat_treebank, treebank_format

    parameters = read_parameters(options.parameters) if options.parameters else None
    paths = locate_treebank(options.files[1])
    gold = read_flat_treebank(paths, treebank_format(paths, options.format))
    return labelled_summary(read_flat_treebank(options.files[0], "penn"), gold, parameters)


def _compare(options: Score) -> str:
    from json import dumps

    from onlstm_parse.display.scores import comparison_table
    from onlstm_parse.errors import UsageError
    from onlstm_parse.scoring.comparison import compare
    from onlstm_parse.treebanks.reading import read_flat_treebank

    names = [*options.compare, *options.files]
    if len(names) != 3:
        raise UsageError(f"expected --compare A B GOLD, found {len(names)} names")
    ours, theirs, treebank = names
    report = compare(
        read_flat_treebank(ours, "penn"),
        read_flat_treebank(theirs, "penn"),
        _gold(treebank, options),
        options.protocol,
        resamples=options.resamples,
    )
    return dumps(report) if options.json else comparison_table(report, [ours, theirs])


def _between(options: Score) -> str:
    from functools import partial
    from json import dumps

    from onlstm_parse.display.scores import between_table
    from onlstm_parse.errors import UsageError
    from onlstm_parse.scoring.comparison import between
    from onlstm_parse.treebanks.reading import read_flat_treebank, read_treebank

    if options.files:
        raise UsageError("--between scores runs against each other: expected no other file")
    read = read_treebank if options.filters else read_flat_treebank
    report = between(
        [partial(read, name, "penn") for name in options.between],
        options.protocol,
        words=options.words or "none",
        max_words=options.max_words,
        filters=options.filters,
    )
    return dumps(report) if options.json else between_table(report, options.between)


def _gold(name: str, options: Score) -> Gold:
    from onlstm_parse.corpora import locate_gold
    from onlstm_parse.scoring.gold import open_gold

    paths, suits = locate_gold(name)
    return open_gold(paths, options.format, options.words or suits, options.max_words, options.filters)


def main(arguments: list[str]) -> None:
    print(run(tyro.cli(Score, prog="onlstm-parse score", args=arguments)))
