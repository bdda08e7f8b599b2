"""From a line of text to words and ids, in the same way for training and parsing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from onlstm_parse.errors import FormatError
from onlstm_parse.files import written_whole
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.text.tokenisers import TOKENISERS
from onlstm_parse.text.tokenisers.base import Tokeniser
from onlstm_parse.text.vocabulary import Vocabulary

VOCABULARY_FILE = "vocabulary.json"
TOKENISER_FILE = "tokeniser.model"


@dataclass(frozen=True)
class Encoded:
    """The words of the user, and for each the ids of its forms in the vocabulary.

    A word that normalisation drops has no id. A word has several ids only if it was cut by someone else
    (`encode_words`) and the tokeniser cuts finer.
    """

    words: list[str]
    pieces: list[list[int]]

    @property
    def ids(self) -> list[int]:
        """The ids of all words, one after another."""
        return [index for pieces in self.pieces for index in pieces]


class TextPipeline:
    """Tokeniser, then normalisation, then vocabulary."""

    def __init__(self, config: TextConfig, tokeniser: Tokeniser, vocabulary: Vocabulary) -> None:
        self.config, self.tokeniser, self.vocabulary = config, tokeniser, vocabulary
        self._normalise = NORMALISATIONS[config.normalisation]
        self._ids_of_form = lru_cache(1 << 16)(lambda form: self._ids([form]))

    def encode(self, line: str) -> Encoded:
        words, forms = self.tokeniser.tokenise(line)
        return Encoded(words, list(map(self._ids_of_form, forms)))

    def encode_words(self, words: Iterable[str]) -> Encoded:
        """Encode words that are already cut, such as the leaves of a treebank."""
        words = list(words)
        return Encoded(words, [self._ids(self.tokeniser.forms_of(word)) for word in words])

    def _ids(self, forms: list[str]) -> list[int]:
        return self.vocabulary.encode(normalised(forms, self._normalise))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the vocabulary and, if the tokeniser has one, its model. Raises OnlstmError."""
        self.vocabulary.save(Path(folder) / VOCABULARY_FILE)
        save_tokeniser(self.tokeniser, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str], config: TextConfig) -> TextPipeline:
        """Raises FormatError for missing, truncated or foreign files."""
        vocabulary = Vocabulary.load(Path(folder) / VOCABULARY_FILE)
        return cls(config, load_tokeniser(config.tokeniser, Path(folder)), vocabulary)


def save_tokeniser(tokeniser: Tokeniser, folder: Path) -> None:
    """Write the model of the tokeniser, if it has one."""
    if tokeniser.model is not None:
        with written_whole(folder / TOKENISER_FILE, "wb") as file:
            file.write(tokeniser.model)


def load_tokeniser(name: str, folder: Path) -> Tokeniser:
    """The tokeniser with its model, if it has one. Raises FormatError if the model is missing or damaged."""
    kind, file = TOKENISERS[name], folder / TOKENISER_FILE
    if not kind.learns:
        return kind()
    try:
        return kind(file.read_bytes())
    except OSError as error:
        raise FormatError(f"cannot read: {error.strerror}", file=file) from error
    except FormatError as error:
        raise FormatError(error.problem, file=file) from error


def normalised(forms: Iterable[str], normalise: Callable[[str], str | None]) -> list[str]:
    """The forms that normalisation keeps."""
    return [kept for form in forms if (kept := normalise(form)) is not None]
