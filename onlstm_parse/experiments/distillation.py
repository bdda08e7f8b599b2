"""Distil a parser: train a small span parser on the trees that another parser gives to raw text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from onlstm_parse import corpora
from onlstm_parse.errors import OnlstmError
from onlstm_parse.models import AVERAGE
from onlstm_parse.models.span_parser_config import SPAN_PARSER_SIZES
from onlstm_parse.parsers.base import Parser, load
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
from onlstm_parse.text.pipeline import TextPipeline
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.settings import Settings, change
from onlstm_parse.training.start import prepared, train_run
from onlstm_parse.training.trees import ParsedSentences, ParsedText

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
    valid: str | Path | None = None,
    size: str = "small",
    sentences: int | None = None,
    resume: bool = False,
    quiet: bool = True,
    **settings: Any,
) -> Run:
    """Train a span parser on the trees that `run` gives to `texts`, into the run folder `out`.

    `sentences` limits how many are parsed, spread over the text, for each of training and validation.

    Weights are chosen by the agreement with `run` on held-out sentences; no gold tree is used. `settings`
    are fields of SpanParserConfig, TextConfig and TrainingConfig. The text settings are those of `run`.
    Raises OnlstmError for bad input, and KeyboardInterrupt after Ctrl-C, when `resume=True` continues.
    """
    check_known("size", size, SPAN_PARSER_SIZES)
    names = [str(text) for text in ([texts] if isinstance(texts, str | Path) else texts)]
    folder, teacher = Path(out), Path(run)
    if resume and (folder / CONFIG).exists() and "teacher" in RunConfig.load(folder).data:
        return Run.load(folder)  # finished
    text = text_settings_of(teacher)
    chosen = change(Settings(SPAN_PARSER_SIZES[size], text, TRAINING), **settings)
    finished = train_run(
        names,
        folder,
        chosen,
        match_width=False,
        valid=None if valid is None else str(valid),
        resume=resume,
        quiet=quiet,
        read=partial(parsed, teacher, folder, sentences),
    )
    data = {**finished.config.data, "teacher": asdict(RunReference.to(teacher, folder))}
    replace(finished.config, data=data).save(folder)
    for side in SIDES:
        _trees_file(folder, side).unlink()
    return Run.load(folder)


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
    texts: Sequence[str],
    valid: str | None,
    settings: Settings,
) -> ParsedText:
    """The sentences of a text with the trees of `teacher`.

    Trees are kept in the folder until training ends: a run that continues does not parse again.
    """
    text = prepared(texts, valid, settings)
    pipeline = text.pipeline
    paths = [path for name in texts for path in corpora.locate_text(name)]
    valid_paths = corpora.locate_text(valid) if valid else None
    if valid is None and len(texts) == 1:
        valid_paths = corpora.locate_valid(texts[0])
    sides = {}
    parser: Parser | None = None
    for side, lines, facts in zip(
        SIDES,
        lines_of_sides(paths, valid_paths, settings.text.bad_bytes),
        (text.train, text.valid),
        strict=True,
    ):
        file = _trees_file(folder, side)
        identity = f"{fingerprint(teacher)} {facts.fingerprint} {settings.training.max_length} {limit}"
        if not file.exists() or read_tensors(file)[1].get("of") != identity:
            parser = parser or load(teacher)
            tensors = _trees(parser, pipeline, _thinned(lines, facts, limit), settings.training.max_length)
            write_tensors(file, tensors, {"of": identity})
        sides[side] = _sentences(read_tensors(file)[0], facts)
        if not sides[side].words:
            raise OnlstmError(
                f"no sentence of the {side} text has 3 to {settings.training.max_length} words",
                remedy="raise --max-length, or put one sentence a line",
            )
    return ParsedText(pipeline, sides["train"], sides["valid"])


def _thinned(lines: Iterator[str], facts: TokenIds, limit: int | None) -> Iterator[str]:
    """Every k-th line, so that no more than `limit` are left."""
    return lines if limit is None else islice(lines, 0, None, max(-(-facts.lines // limit), 1))


def _trees_file(folder: Path, side: str) -> Path:
    return folder / RESUME / f"trees-{side}.safetensors"


def _trees(parser: Parser, pipeline: TextPipeline, lines: Iterable[str], max_length: int) -> dict[str, Any]:
    """Ids, brackets, and how many of each a sentence has, as flat tensors."""
    import torch

    words: list[int] = []
    brackets: list[tuple[int, int]] = []
    sizes: list[tuple[int, int]] = []
    chunk: list[tuple[list[str], list[int]]] = []

    def flush() -> None:
        for (forms, ids), tree in zip(chunk, parser.parse_words(forms for forms, _ in chunk), strict=True):
            spans = {(start, stop) for start, stop, _ in tree.spans() if stop - start > 1}
            words.extend(ids)
            brackets.extend(sorted(spans))
            sizes.append((len(forms), len(spans)))
        chunk.clear()

    for line in lines:
        encoded = pipeline.encode(line)
        pairs = [(w, p) for w, p in zip(encoded.words, encoded.pieces, strict=True) if len(p) == 1]
        if 2 < len(pairs) <= max_length:
            chunk.append(([word for word, _ in pairs], [pieces[0] for _, pieces in pairs]))
        if len(chunk) == LINES_AT_ONCE:
            flush()
    flush()
    return {
        "words": torch.tensor(words, dtype=torch.int32),
        "brackets": torch.tensor(brackets, dtype=torch.int16).view(-1, 2),
        "sizes": torch.tensor(sizes, dtype=torch.int32).view(-1, 2),
    }


def _sentences(tensors: dict[str, Any], facts: Any) -> ParsedSentences:
    lengths, counts = tensors["sizes"].numpy().T
    return ParsedSentences(
        np.split(tensors["words"].numpy().astype(np.int64), np.cumsum(lengths)[:-1]) if len(lengths) else [],
        np.split(tensors["brackets"].numpy().astype(np.int64), np.cumsum(counts)[:-1])
        if len(lengths)
        else [],
        facts.fingerprint,
        facts.unknown_share,
    )
