"""What every kind of parser shares: words in, analyses and trees out, in batches, in constant memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import signature
from itertools import islice, product, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import Span
from onlstm_parse.models import KINDS
from onlstm_parse.parsers.opinions import Opinion
from onlstm_parse.pretrained import locate_run
from onlstm_parse.registry import check_known, resolve
from onlstm_parse.runs import Run
from onlstm_parse.text.batches import Batch, batch_by_length
from onlstm_parse.text.pipeline import Encoded
from onlstm_parse.tree import Tree, Trees

if TYPE_CHECKING:
    import numpy as np

LINES_AT_ONCE = 4096  # sorted by length together; memory stays constant in the length of a file


class Analysis(NamedTuple):
    """What a parser finds in a sentence. Positions count the n words that the parser reads.

    A field is None where the kind of parser has no such thing, or where it was not asked for.
    """

    brackets: list[Span]
    """Half-open spans of two words or more, by the parser's own rule and layer."""
    levels: np.ndarray | None = None
    """(K, n): d_f of each word in layers 1 to K."""
    scores: np.ndarray | None = None
    """(n, n + 1): the score of the span from i to j at [i, j]."""
    barred: np.ndarray | None = None
    """(n, n + 1): the spans that punctuation rules out, for parsers that choose among all trees."""
    loss: float | None = None
    """In nats, summed over `tokens` predictions."""
    tokens: int = 0


class Reader(Protocol):
    """Cuts a line into words, or takes words as they are, and says which of them the parser reads."""

    def encode(self, line: str) -> Encoded: ...

    def encode_words(self, words: Iterable[str]) -> Encoded: ...


class Parser(ABC):
    """A parser. `Parser(run, **settings)` is one of the run's kind, see `load`.

    `rule` names the way from an analysis to brackets; `layer` counts from 1. Words that the parser does
    not read are attached where they cross no bracket, unless `keep_dropped` is False.
    """

    rules: Mapping[str, Any] | list[str]
    """The ways from an analysis to brackets; the first is the default."""
    layers = 0
    """How many layers have levels."""
    layer: int | None = None
    objective: str | None = None
    """What the loss is about, where there is one; see `models.network_config`."""
    confidence: float | None = None
    """Trees have only brackets of at least this probability, and say it. None, and a rule without
    `expectations`: they have all, and do not say it."""

    def __new__(cls, run: Any, *_: Any, **settings: Any) -> Any:
        if cls is Parser:
            cls = resolve(KINDS[run.config.kind].parser)
        return super().__new__(cls)

    def __init__(self, reader: Reader, rule: str | None, keep_dropped: bool) -> None:
        """Raises UsageError for an unknown rule."""
        self.rule = rule or next(iter(self.rules))
        check_known("rule", self.rule, self.rules)
        self.reader, self.keep_dropped = reader, keep_dropped

    def layer_of(self, rule: str) -> int | None:
        """The layer that a rule reads unless another is named; None if it reads all, or there are none."""
        return None

    def facts(self, rule: str | None = None, layer: int | None = None) -> dict[str, Any]:
        """What moves the score of a rule and layer, by default the parser's own, for its signature."""
        rule = rule or self.rule
        told = self.confidence is not None and self.knows_probabilities(rule)
        return {"rule": rule, **({"confidence": self.confidence} if told else {})}

    @abstractmethod
    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        """One analysis a sentence, in order.

        Layers above the parser's own are left out unless `all_layers` or `with_loss` asks for them.
        """

    def brackets(self, analyses: Sequence[Analysis], rule: str, layer: int | None) -> list[list[Span]]:
        """The brackets of each analysis under a rule and, where the kind has layers, by a layer."""
        return [analysis.brackets for analysis in analyses]

    def expectations(
        self, analyses: Sequence[Analysis], rule: str, layer: int | None
    ) -> list[np.ndarray] | None:
        """The probability of each span as a bracket, (n, n + 1); None for a rule that only gives trees."""
        return None

    def knows_probabilities(self, rule: str) -> bool:
        """Whether a rule has `expectations`."""
        return self.expectations([], rule, None) is not None

    def losses(self, sentences: Sequence[Encoded]) -> list[float]:
        """The loss in nats of each sentence by itself, summed over its words' ids and its closing `<eos>`.

        Raises UsageError for a kind without a likelihood.
        """
        self.expect_likelihood()
        return [analysis.loss or 0.0 for analysis in self.analyse(sentences, with_loss=True)]

    def expect_likelihood(self) -> None:
        """Raises UsageError for a kind that only has trees: an average, a span parser."""
        if self.objective is None:
            raise UsageError(
                "the run has trees but no likelihood of sentences",
                remedy="name a language model or a grammar, see onlstm-parse models",
            )

    def votes(self, sentences: Sequence[Encoded]) -> list[np.ndarray]:
        """The votes for the spans of each sentence's words that count, (n, n + 1), about 1 for brackets."""
        analyses = self.analyse(sentences)
        expected = self.expectations(analyses, self.rule, self.layer)
        known: Iterable[np.ndarray | None] = repeat(None) if expected is None else expected
        words = [sum(map(bool, sentence.pieces)) for sentence in sentences]
        brackets = [analysis.brackets for analysis in analyses]
        opinions = map(Opinion, ([*range(n)] for n in words), brackets, known)
        return [opinion.votes(n) for opinion, n in zip(opinions, words, strict=True)]

    def ways(self, layer: int | None = None, rule: str | None = None) -> list[tuple[int | None, str]]:
        """All pairs of layer and rule that turn an analysis into a tree; or those with the given one.

        The layer is None for a rule that reads all, and for a parser without layers.
        """
        rules = [*self.rules] if rule is None else [rule]
        layered = [one for one in rules if self.layer_of(one) is not None]
        others = [one for one in rules if one not in layered]
        if layer is not None:
            return [(layer, one) for one in layered]
        return [*product(range(1, self.layers + 1), layered), *((None, one) for one in others)]

    # -- sentences to trees ------------------------------------------------

    def parse(self, sentence: str) -> Tree:
        """The tree over the words of a raw sentence; its `levels` are None for words that are not read.

        Raises UsageError for anything but a string.
        """
        if not isinstance(sentence, str):
            raise UsageError(
                f"expected a sentence as a string, found {type(sentence).__name__}",
                remedy="parse_words takes sentences as lists of words",
            )
        return next(self.parse_lines([sentence]))

    def parse_lines(self, lines: Iterable[str]) -> Iterator[Tree]:
        """One tree a line, in order, in constant memory; an empty line gives the empty tree `(X)`."""
        return self._parse(self.reader.encode(line.rstrip("\r\n")) for line in lines)

    def parse_all(self, sentences: Iterable[str]) -> Trees:
        """The trees of raw sentences as a list; a notebook draws it."""
        return Trees(self.parse_lines(sentences))

    def parse_words(self, sentences: Iterable[Sequence[str]]) -> Iterator[Tree]:
        """The same for sentences whose words are given, such as a treebank's."""
        return self._parse(self.reader.encode_words(words) for words in sentences)

    def _parse(self, sentences: Iterator[Encoded]) -> Iterator[Tree]:
        while chunk := list(islice(sentences, LINES_AT_ONCE)):
            for sentence, analysis in zip(chunk, self.analyse(chunk), strict=True):
                yield self.tree(sentence, analysis)

    # -- sentences to analyses ---------------------------------------------

    def analyse_words(self, sentences: Iterable[Sequence[str]], with_loss: bool = False) -> list[Analysis]:
        """The analyses of sentences given as words, with the levels of all layers."""
        encoded = [self.reader.encode_words(words) for words in sentences]
        return self.analyse(encoded, all_layers=True, with_loss=with_loss)

    def tree(
        self, sentence: Encoded, analysis: Analysis, rule: str | None = None, layer: int | None = None
    ) -> Tree:
        """The tree by the parser's own rule and layer, or by those given, with all words attached."""
        return self.trees([sentence], [analysis], rule, layer)[0]

    def trees(
        self,
        sentences: Sequence[Encoded],
        analyses: Sequence[Analysis],
        rule: str | None = None,
        layer: int | None = None,
    ) -> list[Tree]:
        """The same for many sentences, which is quicker."""
        rule = rule or self.rule
        layer = layer or self.layer_of(rule)
        own = (rule, layer) == (self.rule, self.layer)
        brackets = [one.brackets for one in analyses] if own else self.brackets(analyses, rule, layer)
        expected = None if self.confidence is None else self.expectations(analyses, rule, layer)
        known: Iterable[np.ndarray | None] = repeat(None) if expected is None else expected
        each = zip(sentences, analyses, brackets, known, strict=expected is not None)
        trees = [self._tree(*one, layer) for one in each]
        return trees if expected is None else [tree.surer(self.confidence or 0.0) for tree in trees]

    def _tree(
        self,
        sentence: Encoded,
        analysis: Analysis,
        spans: list[Span],
        expected: np.ndarray | None,
        layer: int | None,
    ) -> Tree:
        levels = None
        if analysis.levels is not None:
            levels = (analysis.levels.mean(axis=0) if layer is None else analysis.levels[layer - 1]).tolist()
        sure = None if expected is None else {span: float(min(expected[span], 1.0)) for span in spans}
        kept = [position for position, pieces in enumerate(sentence.pieces) if pieces]
        if not self.keep_dropped or len(kept) == len(sentence.words):
            words = [sentence.words[position] for position in kept]
            return Tree.from_spans(words, spans, levels=levels, confidences=sure)
        if levels is not None:
            level_of = dict(zip(kept, levels, strict=True))
            levels = [level_of.get(position) for position in range(len(sentence.words))]
        outer = {(kept[start], kept[stop - 1] + 1): (start, stop) for start, stop in spans}
        sure = None if sure is None else {place: sure[span] for place, span in outer.items()}
        return Tree.from_spans(sentence.words, outer, levels=levels, confidences=sure)


def in_batches(
    sentences: Sequence[Encoded],
    tokens_at_once: int,
    padded: bool,
    analyse: Callable[[list[Encoded], Batch], list[Analysis]],
) -> list[Analysis]:
    """Analyse sentences of like length together; see `batch_by_length`. Returns them in order."""
    lengths = [1 + sum(map(len, sentence.pieces)) for sentence in sentences]
    analyses: dict[int, Analysis] = {}
    for batch in batch_by_length(lengths, tokens_at_once, padded):
        found = analyse([sentences[index] for index in batch.sentences], batch)
        analyses.update(zip(batch.sentences, found, strict=True))
    return [analyses[index] for index in range(len(sentences))]


def load(run: str | Path | Run, *, confidence: float | None = None, **settings: Any) -> Parser:
    """The parser of a run; `settings` are those of its kind, such as `rule` or `device`.

    `run` is a folder, the name of a pretrained parser, or "hf://owner/name". A setting that is None has its
    default. With a `confidence`, from 0 to 1, trees say how sure the parser is of each bracket
    (`Tree.confidences`) and have only brackets that it is at least so sure of.
    Raises OnlstmError for what is no run, FormatError for a damaged one, UsageError for unknown settings,
    and for a confidence in a parser whose rule gives trees only.
    """
    run = run if isinstance(run, Run) else Run.load(locate_run(run))
    if not KINDS[run.config.kind].parser:
        raise UsageError(f"{run.folder}: a {run.config.kind} gives no trees", remedy="name another run")
    parser = resolve(KINDS[run.config.kind].parser)
    settings = {name: value for name, value in settings.items() if value is not None}
    for name in settings:
        check_known(f"setting of a {run.config.kind} parser", name, [*signature(parser).parameters][1:])
    found: Parser = parser(run, **settings)
    if confidence is not None:
        _check_confidence(found, confidence)
        found.confidence = confidence
    return found


def _check_confidence(parser: Parser, least: float) -> None:
    if not 0 <= least <= 1:
        raise UsageError(f"a confidence is from 0 to 1, found {least}")
    if not parser.knows_probabilities(parser.rule):
        able = [rule for rule in parser.rules if parser.knows_probabilities(rule)]
        remedy = f"choose the rule {' or '.join(able)}" if able else "leave the confidence out"
        raise UsageError(f"the rule {parser.rule} gives trees, and no probabilities", remedy=remedy)
