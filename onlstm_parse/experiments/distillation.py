"""Distil a parser: train a small one on the trees that another parser gives to raw text.

A span parser learns the trees themselves, and how sure the other parser is of all spans: half and half. A
grammar learns the text, with the votes of the other parser as a prior on its trees, see `training/votes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from onlstm_parse import corpora
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import written_whole
from onlstm_parse.models import AVERAGE, GRAMMARS, SPAN_PARSER
from onlstm_parse.models.span_parser_config import SPAN_PARSER_SIZES
from onlstm_parse.parsers.base import Parser, load
from onlstm_parse.parsers.opinions import over
from onlstm_parse.parsers.punctuation import barred
from onlstm_parse.pretrained import locate_run
from onlstm_parse.registry import check_known
from onlstm_parse.runs import (
    CONFIG,
    RESUME,
    Run,
    RunConfig,
    RunReference,
    fingerprint,
    read_tensors,
    write_tensors,
)
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.corpus import TokenIds, lines_of_sides
from onlstm_parse.text.pipeline import Encoded, TextPipeline
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.settings import Settings, change, complete, defaults_for
from onlstm_parse.training.start import prepared, train_run
from onlstm_parse.training.team import joined
from onlstm_parse.training.trees import ParsedSentences, ParsedText, flattened

TRAINING = TrainingConfig(
    learning_rate=2e-3, batch_size=32, clip=5.0, activation_penalty=0.0, temporal_penalty=0.0
)
LINES_AT_ONCE = 2048
SIDES = ("train", "valid")


def distil(
    run: str | Path,
    texts: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    model: str = SPAN_PARSER,
    valid: str | Path | None = None,
    size: str = "small",
    sentences: int | None = None,
    resume: bool = False,
    quiet: bool = True,
    **settings: Any,
) -> Run:
    """Train `model` on the trees that `run` gives to `texts`, into the run folder `out`.

    `model` is "span-parser" or a grammar. `sentences` limits how many are parsed, spread over the text, for
    each of training and validation.

    Weights are chosen by the agreement with `run` on held-out sentences, those of a grammar by their
    likelihood; no gold tree is used. `settings` are fields of SpanParserConfig (or GrammarConfig), TextConfig
    and TrainingConfig. The text settings are those of `run`.
    Raises OnlstmError for bad input, and KeyboardInterrupt after Ctrl-C, when `resume=True` continues.
    """
    check_known("model", model, [SPAN_PARSER, *GRAMMARS])
    check_known("size", size, SPAN_PARSER_SIZES)
    if sentences is not None and sentences < 1:
        raise UsageError(f"sentences must be at least 1, found {sentences}")
    names, folder, teacher = _names(texts), Path(out), locate_run(run)
    if resume and is_finished(folder):
        return Run.load(folder)
    chosen, voted = _chosen(teacher, model, size, settings), model != SPAN_PARSER
    with joined() as team:
        finished = train_run(
            names,
            folder,
            chosen,
            match_width=False,
            valid=None if valid is None else str(valid),
            resume=resume,
            quiet=quiet,
            read=partial(parsed, teacher, folder, sentences, voted),
            objective="onlstm_parse.training.votes:VotedObjective" if voted else None,
        )
        if team.first:
            data = {**finished.config.data, "teacher": asdict(RunReference.to(teacher, folder))}
            replace(finished.config, data=data).save(folder)
            for side in SIDES:
                _trees_file(folder, side).unlink()
    return Run.load(folder)


def ask(
    run: str | Path,
    texts: str | Path | Sequence[str | Path],
    folders: Sequence[Path],
    *,
    model: str,
    valid: str | Path | None = None,
    size: str = "small",
    sentences: int | None = None,
) -> None:
    """Let `run` parse once what `distil` reads for each of several run folders, given the same arguments."""
    folders = [folder for folder in folders if not is_finished(folder)]
    if not folders:
        return
    names, teacher, first = _names(texts), locate_run(run), folders[0]
    settings = complete(_chosen(teacher, model, size, {}), names, match_width=False)
    held_out = None if valid is None else str(valid)
    parsed(teacher, first, sentences, model != SPAN_PARSER, names, held_out, settings)
    for folder, side in product(folders[1:], SIDES):
        if not (file := _trees_file(folder, side)).exists():
            with written_whole(file, "wb") as copy:
                copy.write(_trees_file(first, side).read_bytes())


def is_finished(folder: Path) -> bool:
    """Whether a folder holds a run that `distil` has made to its end."""
    return (folder / CONFIG).exists() and "teacher" in RunConfig.load(folder).data


def _names(texts: str | Path | Sequence[str | Path]) -> list[str]:
    return [str(text) for text in ([texts] if isinstance(texts, str | Path) else texts)]


def _chosen(teacher: Path, model: str, size: str, settings: dict[str, Any]) -> Settings:
    base = Settings(SPAN_PARSER_SIZES[size], TextConfig(), TRAINING)
    if model != SPAN_PARSER:
        base = defaults_for(size, model=model)
    return change(base._replace(text=text_settings_of(teacher)), **settings)


def text_settings_of(run: Path) -> TextConfig:
    """Those of a run; for an average, of its first member that has any."""
    config = RunConfig.load(run)
    if config.text is not None:
        return config.text
    if config.kind == AVERAGE:
        for member in config.model.members:
            if member.reference and (member.reference.place(run) / CONFIG).exists():
                return text_settings_of(member.reference.place(run))
    return TextConfig(tokeniser="auto", normalisation="auto")


def parsed(
    teacher: Path,
    folder: Path,
    limit: int | None,
    voted: bool,
    texts: Sequence[str],
    valid: str | None,
    settings: Settings,
) -> ParsedText:
    """The sentences of a text with what `teacher` gives for them, or if `voted` with its votes for all spans.

    Validation sentences have trees; or if `voted` nothing, for their likelihood needs none. What the teacher
    gave is kept in the folder until training ends: a run that continues does not parse again.
    """
    text = prepared(texts, valid, settings)
    pipeline = text.pipeline
    paths = [path for name in texts for path in corpora.locate_text(name)]
    valid_paths = corpora.locate_text(valid) if valid else None
    if valid is None and len(texts) == 1:
        valid_paths = corpora.locate_valid(texts[0])
    sides, learns = {}, "votes" if voted else "targets"
    parser: Parser | None = None
    for side, lines, facts in zip(
        SIDES,
        lines_of_sides(paths, valid_paths, settings.text.bad_bytes),
        (text.train, text.valid),
        strict=True,
    ):
        file = _trees_file(folder, side)
        identity = (
            f"{fingerprint(teacher)} {facts.fingerprint} {settings.training.max_length} {limit} {learns}"
        )
        if not file.exists() or read_tensors(file)[1].get("of") != identity:
            training = settings.training
            parser = parser or load(teacher, device=training.device, precision=training.precision)
            give = partial(GIVEN[side, voted], parser)
            some = _thinned(lines, facts, limit)
            tensors = _trees(give, pipeline, some, settings.training.max_length)
            write_tensors(file, tensors, {"of": identity})
        sides[side] = _sentences(read_tensors(file)[0], facts)
        if not sides[side].words:
            raise OnlstmError(
                f"no sentence of the {side} text has 3 to {settings.training.max_length} words",
                remedy="raise --max-length, or put one sentence a line",
            )
    return ParsedText(pipeline, sides["train"], sides["valid"])


def _thinned(lines: Iterator[str], facts: TokenIds, limit: int | None) -> Iterator[str]:
    """`limit` of the lines, evenly spread; all if there are no more."""
    if limit is None or limit >= facts.lines:
        return lines
    return (line for at, line in enumerate(lines) if at * limit % facts.lines < limit)


def _trees_file(folder: Path, side: str) -> Path:
    return folder / RESUME / f"trees-{side}.safetensors"


class Shown(NamedTuple):
    """A sentence as the teacher sees it, with its punctuation, and as the learner will."""

    words: list[str]
    learnt: list[int]
    """The places of the words that the learner reads."""
    ids: list[int]
    """What these words are in its vocabulary."""


def _brackets(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    """Those of each sentence's tree, of two words or more: (brackets, 2)."""
    trees = parser.parse_words(sentence.words for sentence in sentences)
    found = []
    for sentence, tree in zip(sentences, trees, strict=True):
        place = np.searchsorted(sentence.learnt, np.arange(len(sentence.words) + 1)).tolist()
        spans = {(place[start], place[stop]) for start, stop, _ in tree.spans()}
        wide = sorted(span for span in spans if span[1] - span[0] > 1)
        found.append(np.array(wide, dtype=np.int16).reshape(-1, 2))
    return found


def _votes(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    """The votes for all spans of each sentence, `flattened`."""
    encoded = [parser.reader.encode_words(sentence.words) for sentence in sentences]
    each = zip(sentences, encoded, parser.votes(encoded), strict=True)
    return [flattened(_learnt(shown, read, votes)) for shown, read, votes in each]


def _targets(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    """Of each sentence half the tree and half the probabilities of all spans, `flattened`.

    The tree alone, where the parser knows no probabilities.
    """
    encoded = [parser.reader.encode_words(sentence.words) for sentence in sentences]
    analyses = parser.analyse(encoded)
    expected = parser.expectations(analyses, parser.rule, parser.layer)
    found = []
    for at, (shown, read, analysis) in enumerate(zip(sentences, encoded, analyses, strict=True)):
        n = sum(map(bool, read.pieces))
        target = np.zeros((n, n + 1))
        for span in analysis.brackets:
            target[span] = 1.0
        if expected is not None and n > 1:
            target = (target + _like_a_tree(expected[at], len({*analysis.brackets} - {(0, n)}))) / 2
        target = _learnt(shown, read, target)
        target[0, -1] = 1.0
        found.append(flattened(target))
    return found


def _like_a_tree(expected: np.ndarray, inner: int) -> np.ndarray:
    """Probabilities of spans (n, n + 1), scaled so that as many brackets are expected as a tree has.

    `inner` is the number of its brackets strictly inside the sentence. With another sum, scores could grow
    without end: all trees have the same number of brackets.
    """
    wide = np.triu(expected, 2)
    wide[0, -1] = 0.0
    total = wide.sum()
    wide *= inner / total if total > 0 else 0.0
    wide[0, -1] = 1.0
    return wide


def _learnt(shown: Shown, read: Encoded, spans: np.ndarray) -> np.ndarray:
    """What the teacher knows of the spans of the words that it has read, for those of the learner's words.

    Nothing speaks for a span that punctuation bars.
    """
    if (ruled_out := barred(read)) is not None:
        spans = np.where(ruled_out, 0.0, spans)
    place = {at: number for number, at in enumerate(shown.learnt)}
    places = [place.get(at) for at, pieces in enumerate(read.pieces) if pieces]
    return over(spans, places, len(place)).astype(np.float16)


def _nothing(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    return [np.zeros(0, dtype=np.float16)] * len(sentences)


GIVEN: dict[tuple[str, bool], Callable[[Parser, list[Shown]], list[np.ndarray]]] = {
    ("train", False): _targets,
    ("valid", False): _brackets,
    ("train", True): _votes,
    ("valid", True): _nothing,
}


def _trees(
    give: Callable[[list[Shown]], list[np.ndarray]],
    pipeline: TextPipeline,
    lines: Iterable[str],
    max_length: int,
) -> dict[str, Any]:
    """Ids, what `give` gives, and how many of each a sentence has, as flat tensors."""
    import torch

    words: list[int] = []
    given: list[np.ndarray] = []
    chunk: list[Shown] = []
    sizes: list[int] = []

    def flush() -> None:
        given.extend(give(chunk))
        for sentence in chunk:
            words.extend(sentence.ids)
            sizes.append(len(sentence.ids))
        chunk.clear()

    for line in lines:
        encoded = pipeline.encode(line)
        learnt = [place for place, pieces in enumerate(encoded.pieces) if len(pieces) == 1]
        if 2 < len(learnt) <= max_length:
            chunk.append(Shown(encoded.words, learnt, [encoded.pieces[place][0] for place in learnt]))
        if len(chunk) == LINES_AT_ONCE:
            flush()
    flush()
    return {
        "words": torch.tensor(words, dtype=torch.int32),
        "given": torch.from_numpy(np.concatenate(given)) if given else torch.zeros(0),
        "sizes": torch.tensor([*zip(sizes, map(len, given), strict=True)], dtype=torch.int32).view(-1, 2),
    }


def _sentences(tensors: dict[str, Any], facts: Any) -> ParsedSentences:
    lengths, counts = tensors["sizes"].numpy().T
    words, given = tensors["words"].numpy().astype(np.int64), tensors["given"].numpy()
    return ParsedSentences(
        np.split(words, np.cumsum(lengths)[:-1]) if len(lengths) else [],
        np.split(given, np.cumsum(counts)[:-1]) if len(lengths) else [],
        facts.fingerprint,
        facts.unknown_share,
    )
