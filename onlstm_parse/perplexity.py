"""A run against raw text: perplexity with carried state, by sentence, and with weights that follow it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from onlstm_parse.corpora import locate_measured
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.ops.precision import products_in
from onlstm_parse.parsers.base import Parser
from onlstm_parse.parsers.levels import LevelParser
from onlstm_parse.text.batches import Stream
from onlstm_parse.text.pipeline import Encoded, TextPipeline
from onlstm_parse.text.reading import read_lines
from onlstm_parse.text.sources import Source
from onlstm_parse.text.vocabulary import EOS_ID, UNK_ID
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.dynamic import dynamic_perplexity
from onlstm_parse.training.streams import VALIDATION_COLUMNS
from onlstm_parse.training.validation import validate


class MeasuredText(NamedTuple):
    """The sentences of a text; lines that normalisation empties are left out."""

    sentences: list[Encoded]
    characters: int
    """Of the lines as they stand in the file, each with its line feed."""

    @property
    def ids(self) -> np.ndarray:
        """The ids of all sentences, each followed by `<eos>`, (N,)."""
        return np.array([index for one in self.sentences for index in (*one.ids, EOS_ID)], dtype=np.int64)


def read_text(pipeline: TextPipeline, files: Sequence[Source]) -> MeasuredText:
    """Raises OnlstmError where a file cannot be read, or where nothing of the text is left."""
    sentences, characters = [], 0
    for line in read_lines(files, pipeline.config.bad_bytes):
        encoded = pipeline.encode(line)
        if any(encoded.pieces):
            sentences.append(encoded)
            characters += len(line) + 1
    if not sentences:
        raise OnlstmError("expected text, found nothing that normalisation keeps", file=files[0])
    return MeasuredText(sentences, characters)


def measure_text(
    parser: Parser,
    texts: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    dynamic: float | None = None,
) -> dict[str, Any]:
    """The perplexities of text files, folders of them, or the test texts of corpora.

    `carried_perplexity` reads the text as validation does in training, with the state carried over sentences;
    only language models have it. `sentence_perplexity` reads each sentence by itself. `dynamic_perplexity` is
    there if `dynamic` gives a learning rate, see `training.dynamic`. `perplexity` is the first of these that
    the run has, and `bits_per_character` the same figure for tokenisers with an open vocabulary, else None.
    A prediction is a word (piece, character) or the end of a sentence. All are pseudo-perplexities where
    `objective` is `masked`, bounds where it is `bound`. The precision is the parser's.

    Raises UsageError for a run without likelihood, OnlstmError for text that cannot be read.
    """
    parser.expect_likelihood()
    pipeline = parser.reader
    assert isinstance(pipeline, TextPipeline)  # of all that has a likelihood
    names = [texts] if isinstance(texts, str | PathLike) else texts
    text = read_text(pipeline, [file for name in names for file in locate_measured(name)])
    ids, found = text.ids, {}
    if isinstance(parser, LevelParser):
        found["carried_perplexity"] = carried_perplexity(parser, ids)
    found["sentence_perplexity"] = sentence_perplexity(parser, text)
    if dynamic is not None:
        found["dynamic_perplexity"] = _dynamic_perplexity(parser, ids, dynamic)
    perplexity = next(iter(found.values()))
    bits = math.log2(perplexity) * len(ids) / text.characters
    return {
        "text": [str(name) for name in names],
        "objective": parser.objective,
        "sentences": len(text.sentences),
        "tokens": len(ids),
        "characters": text.characters,
        "unknown_share": float((ids == UNK_ID).mean()),
        "perplexity": perplexity,
        **found,
        "bits_per_character": bits if pipeline.tokeniser.open_vocabulary else None,
    }


def carried_perplexity(parser: LevelParser, ids: np.ndarray) -> float:
    """The perplexity of a language model on a text (N,), computed by training's own validation."""
    stream = Stream(ids, VALIDATION_COLUMNS, _window(parser))
    with products_in(parser.precision, parser.device):
        return validate(parser.model, stream).figure


def sentence_perplexity(parser: Parser, text: MeasuredText) -> float:
    """The perplexity of words and ends of sentences, each sentence by itself."""
    return math.exp(min(sum(parser.losses(text.sentences)) / len(text.ids), 700.0))


def _dynamic_perplexity(parser: Parser, ids: np.ndarray, rate: float) -> float:
    if not isinstance(parser, LevelParser) or parser.objective != "causal":
        raise UsageError(
            "dynamic evaluation is for language models that predict the next word",
            remedy="leave --dynamic out",
        )
    return dynamic_perplexity(parser.model, Stream(ids, 1, _window(parser)), rate, parser.precision)


def _window(parser: LevelParser) -> int:
    """Steps of a window, as in the run's training."""
    return int(parser.run.config.training.get("bptt", TrainingConfig.bptt))
