"""`onlstm-parse evaluate RUN TREEBANK...`: a run's trees against gold trees.

`onlstm-parse evaluate RUN TEXT...`: its perplexity on raw text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import FlagCreatePairsOff, Positional

SCORING = ("format", "protocol", "words", "max_words", "filters", "plot")
FOR_TREES = (*SCORING, "rule", "layer", "levels", "confidence", "with_punctuation", "over_training")


@dataclass(frozen=True)
class Evaluate:
    """Score the trees of a run against a treebank, beside the trivial parsers'; or measure its perplexity on
    raw text."""

    run: Positional[str]
    """A run folder, a pretrained parser (en, zh), or hf://OWNER/NAME."""
    names: Positional[tuple[str, ...]]
    """Treebanks or raw texts: files, folders of them, or corpus names. A corpus is its treebank if it has
    one, otherwise its test text."""
    what: Annotated[Literal["auto", "trees", "text"], tyro.conf.arg(name="as")] = "auto"
    """auto takes for a treebank what has the content or the ending of one, and all else for text."""
    format: str | None = None
    """The treebank's format, penn, ctb, sinica, negra, tiger or alpino; recognised by content if not given.
    `penn:latin-1` names the encoding too."""
    protocol: str | None = None
    """shen2019 (the default), kim2019, evalb or strict."""
    words: str | None = None
    """The leaves that count: penn-words, unicode-words, no-punctuation, no-punctuation-tags,
    no-punctuation-marks or none; by corpus or format if not given."""
    max_words: int | None = None
    """Leave out longer sentences, counted in words that count."""
    filters: str | None = None
    """What is taken out of the gold trees, one filter behind another, parted by commas: roots, traces,
    punctuation[:tags|marks], words:NAME, function-tags, unaries, length:[LEAST-]MOST."""
    rule: str | None = None
    """How a tree is found. Language model: token (the published greedy splitter, the default), gap
    (unbiased), expected-token or expected-gap (the likeliest brackets over all layers); all are reported.
    Grammar: expected (the default) or viterbi. Student: expected (the default) or scores (quicker)."""
    layer: int | None = None
    """The layer whose levels are split, from 1; the second of three by default."""
    levels: str | None = None
    """mean (the expected level, the default) or argmax (the most probable level)."""
    confidence: float | None = None
    """Trees: score only brackets that the parser is at least so sure of, from 0 (all) to 1; and show what
    higher confidences give."""
    with_punctuation: FlagCreatePairsOff[bool] = False
    """Trees: show the parser all leaves of the treebank, as in raw text. Punctuation does not count, but it
    bars brackets that begin within one clause and end within another. Published figures are without."""
    dynamic: FlagCreatePairsOff[bool] = False
    """Text: measure also with weights that follow the text, by a step of SGD after each window."""
    dynamic_rate: float = 0.1
    """The learning rate of --dynamic."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""
    precision: Literal["auto", "fp32", "bf16"] | None = None
    """Type of matrix products; by default fp32 for trees, and for text that of the training."""
    over_training: FlagCreatePairsOff[bool] = False
    """Trees: score every snapshot of a run that was trained with --snapshots."""
    plot: Path | None = None
    """Trees: draw F1 by length, beside trivial parsers, and recall by depth and label into a .png, .pdf or
    .svg file; with --over-training F1, perplexity and levels over the tokens seen."""
    json: FlagCreatePairsOff[bool] = False
    """Print one JSON object instead of a table."""


def run(options: Evaluate) -> str:
    """The text to print."""
    from onlstm_parse.errors import UsageError

    if not options.names:
        raise UsageError("no treebank or text given", remedy="name a file, a folder or a corpus")
    return _trees(options) if _names_treebanks(options) else _text(options)


def _names_treebanks(options: Evaluate) -> bool:
    from onlstm_parse.corpora import has_trees
    from onlstm_parse.errors import UsageError

    if options.what != "auto" or options.format:
        return options.what != "text"
    kinds = [has_trees(name) for name in options.names]
    if any(kinds) and not all(kinds):
        trees, text = options.names[kinds.index(True)], options.names[kinds.index(False)]
        remedy = "evaluate them one by one, or say --as trees or --as text"
        raise UsageError(f"{trees} is a treebank, {text} is text", remedy=remedy)
    return all(kinds)


def _trees(options: Evaluate) -> str:
    from json import dumps

    from onlstm_parse.display.score_files import expect_plottable, plot
    from onlstm_parse.display.scores import score_table
    from onlstm_parse.errors import UsageError
    from onlstm_parse.evaluation import evaluate
    from onlstm_parse.parsers.base import load

    if options.dynamic:
        raise UsageError("--dynamic is for text, found a treebank", remedy="say --as text if it is text")
    if options.plot is not None:
        expect_plottable(options.plot)
    if options.over_training and options.with_punctuation:
        problem = "--with-punctuation scores the run itself, found --over-training"
        raise UsageError(problem, remedy="leave one of them out")
    if options.over_training:
        return _over_training(options)
    parser = load(
        options.run,
        rule=options.rule,
        layer=options.layer,
        levels=options.levels,
        confidence=options.confidence,
        device=options.device,
        precision=options.precision,
    )
    report = evaluate(
        parser,
        options.names,
        format=options.format,
        protocol=options.protocol or "shen2019",
        words=options.words,
        max_words=options.max_words,
        filters=options.filters or "",
        with_punctuation=options.with_punctuation,
    )
    if options.plot is not None:
        plot(report, options.plot, Path(options.run).name)
    return dumps(report, ensure_ascii=False) if options.json else score_table(report, Path(options.run).name)


def _over_training(options: Evaluate) -> str:
    from json import dumps

    from onlstm_parse.display.over_training import plot_training, training_table
    from onlstm_parse.over_training import over_training
    from onlstm_parse.pretrained import locate_run

    report = over_training(
        locate_run(options.run),
        options.names,
        protocol=options.protocol or "shen2019",
        device=options.device,
        precision=options.precision or "fp32",
        format=options.format,
        words=options.words,
        max_words=options.max_words,
        filters=options.filters or "",
    )
    if options.plot is not None:
        plot_training(report, options.plot, Path(options.run).name)
    return dumps(report, ensure_ascii=False) if options.json else training_table(report)


def _text(options: Evaluate) -> str:
    from json import dumps

    from onlstm_parse.display.perplexity import perplexity_table
    from onlstm_parse.errors import UsageError
    from onlstm_parse.parsers.base import load
    from onlstm_parse.perplexity import measure_text
    from onlstm_parse.pretrained import locate_run
    from onlstm_parse.runs import RunConfig

    for name in FOR_TREES:
        if (given := getattr(options, name)) is not None and given is not False:
            option = name.replace("_", "-")
            problem = f"--{option} is for treebanks, found text: {options.names[0]}"
            raise UsageError(problem, remedy=f"leave out --{option}, or say --as trees if it is a treebank")
    trained_in = RunConfig.load(locate_run(options.run)).training.get("precision")
    parser = load(options.run, device=options.device, precision=options.precision or trained_in)
    rate = options.dynamic_rate if options.dynamic else None
    report = measure_text(parser, options.names, dynamic=rate)
    if options.json:
        return dumps(report, ensure_ascii=False)
    return perplexity_table(report, Path(options.run).name)


def main(arguments: list[str]) -> None:
    print(run(tyro.cli(Evaluate, prog="onlstm-parse evaluate", args=arguments)))
