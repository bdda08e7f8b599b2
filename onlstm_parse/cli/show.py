"""`onlstm-parse show RUN [FILE] [--text SENTENCE...] --out FILE`: trees over their level curves."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro
from tyro.conf import Positional

from onlstm_parse.errors import OnlstmError, UsageError

if TYPE_CHECKING:
    from onlstm_parse.display.views import View
    from onlstm_parse.parsers.base import Parser


def show(
    run: Positional[str],
    file: Positional[str | None] = None,
    *,
    out: Path,
    text: tuple[str, ...] = (),
    gold: str | None = None,
    protocol: str = "shen2019",
    limit: int = 20,
    layer: int | None = None,
    rule: str | None = None,
    bad_bytes: Literal["error", "replace"] = "error",
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> None:
    """Draw sentences' trees and level curves, of all layers and under all rules.

    Args:
        run: A run folder, a pretrained parser (en, zh), or hf://OWNER/NAME.
        file: A text file, one sentence a line, plain or compressed; - is standard input.
        out: The picture to write: .html (a page that needs nothing else), .svg or .png.
        text: One sentence or several instead of a file.
        gold: A treebank: its sentences are parsed, and each tree is drawn beside the gold tree, with the
            brackets that agree and that cross marked, the lowest F1 first.
        protocol: How F1 is counted: shen2019, kim2019, evalb or strict.
        limit: Sentences of a file or treebank that are drawn; the others are left out.
        layer: Draw this layer alone, counted from 1.
        rule: Draw under this rule alone: token, gap, or one that reads all layers, expected-token or
            expected-gap.
        bad_bytes: A byte that is not UTF-8 is an error, or replaced by U+FFFD.
        device: Where to compute.
    """
    from onlstm_parse.display.views import check_kind, write_views
    from onlstm_parse.parsers.base import load
    from onlstm_parse.pretrained import locate_run
    from onlstm_parse.runs import Run

    check_kind(out)
    loaded = Run.load(locate_run(run))
    parser, model = load(loaded, device=device, layer=layer, rule=rule), loaded.model
    parser.confidence = 0  # all brackets, with how sure the parser is of them
    facts = loaded.config.kind
    if model is not None:
        facts = f"{model.config.model}, {model.parameter_count():,} parameters"
    if parser.layers:
        facts += f", {parser.layers} layers"
    title = f"{loaded.folder.name}: trees and levels"
    f1s: list[float] = []
    if gold is None:
        views = views_of(parser, _sentences(file, text, limit, bad_bytes), layer, rule)
    elif file is not None or text:
        raise UsageError("both sentences and --gold were given", remedy="give one of them")
    else:
        views, f1s = against_gold(parser, gold, protocol, limit, layer, rule)
    write_views(views, out, title, facts, f1s)


def views_of(
    parser: Parser, sentences: list[str], layer: int | None = None, rule: str | None = None
) -> list[list[View]]:
    """For each sentence its trees by all layers and rules, or by those given."""
    from onlstm_parse.display.views import View

    encoded = [parser.reader.encode(sentence) for sentence in sentences]
    return [
        [View(*way, parser.tree(sentence, analysis, way[1], way[0])) for way in parser.ways(layer, rule)]
        for sentence, analysis in zip(encoded, parser.analyse(encoded, all_layers=True), strict=True)
    ]


def against_gold(
    parser: Parser,
    treebank: str,
    protocol: str,
    limit: int,
    layer: int | None = None,
    rule: str | None = None,
) -> tuple[list[list[View]], list[float]]:
    """The trees of the first `limit` sentences with the gold trees, and their F1s; the lowest comes first."""
    from onlstm_parse.display.views import GOLD, View
    from onlstm_parse.evaluation import read_gold
    from onlstm_parse.scoring.metrics import score
    from onlstm_parse.tree import Tree

    sentences = read_gold(treebank).sentences
    if len(sentences) > limit:
        print(f"onlstm-parse: the first {limit} sentences are drawn; see --limit", file=sys.stderr)
    sentences = sentences[:limit]
    way = layer or parser.layer, rule or parser.rule
    found = []
    for one, tree in zip(sentences, parser.parse_words(one.words for one in sentences), strict=True):
        expected = Tree.from_spans(one.words, zip(one.starts, one.stops, strict=True))
        f1 = score([tree], [expected], protocol, words="none").sentence_f1
        found.append((f1, [View(*way, tree, expected), View(None, GOLD, expected, tree)]))
    found.sort(key=lambda pair: pair[0])
    return [views for _, views in found], [f1 for f1, _ in found]


def _sentences(file: str | None, text: tuple[str, ...], limit: int, bad_bytes: str) -> list[str]:
    """The sentences to draw. Raises UsageError unless exactly one source is given."""
    from onlstm_parse.text.reading import decoded_lines

    remedy = "give a file of sentences, or --text SENTENCE"
    if file is not None and text:
        raise UsageError("both a file and --text were given", remedy=remedy)
    if file is None:
        given = [line for one in text for line in one.splitlines() if line.strip()]
        if not given:
            raise UsageError("no sentence was given", remedy=remedy)
        return given
    with decoded_lines(file, bad_bytes) as lines:
        worded = (line.rstrip("\r\n") for line in lines if line.strip())
        found = list(islice(worded, limit))
        if next(worded, None) is not None:
            print(f"onlstm-parse: the first {limit} sentences are drawn; see --limit", file=sys.stderr)
    if not found:
        raise OnlstmError("expected sentences, found none", file=file, remedy=remedy)
    return found


def main(arguments: list[str]) -> None:
    tyro.cli(show, prog="onlstm-parse show", args=arguments)
