"""Distil a parser: train a small one on the trees that another parser gives to raw text.

A span parser learns the trees themselves, and how sure the other parser is of all spans: half and half. A
grammar learns the text, with the votes of the other parser as a prior on its trees, see `training/votes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from onlstm_parse import corpora
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.experiments.teaching import GIVEN, given_for, sentences_of
from onlstm_parse.files import written_whole
from onlstm_parse.models import AVERAGE, GRAMMARS, SPAN_PARSER
from onlstm_parse.models.span_parser_config import SPAN_PARSER_SIZES
from onlstm_parse.parsers.base import Parser, load
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
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.settings import Settings, change, complete, defaults_for
from onlstm_parse.training.start import prepared, train_run
from onlstm_parse.training.team import joined
from onlstm_parse.training.trees import ParsedText

TRAINING = TrainingConfig(
    learning_rate=2e-3, batch_size=32, clip=5.0, activation_penalty=0.0, temporal_penalty=0.0
)
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
    if model == SPAN_PARSER and "vote_strength" in settings:
        raise UsageError("vote_strength is for grammars", remedy="name one with --model neural-pcfg")
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
            tensors = given_for(give, pipeline, some, settings.training.max_length)
            write_tensors(file, tensors, {"of": identity})
        sides[side] = sentences_of(read_tensors(file)[0], facts)
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
