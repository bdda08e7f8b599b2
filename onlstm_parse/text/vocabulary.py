"""The forms that a language model knows, each with its id."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from onlstm_parse.errors import FormatError
from onlstm_parse.files import written_whole

EOS, UNK = "<eos>", "<unk>"
EOS_ID, UNK_ID = 0, 1


class Vocabulary(tuple[str, ...]):
    """Form i has id i. `<eos>` is 0 and `<unk>` is 1, also if the text has neither.

    >>> vocabulary = Vocabulary(["<eos>", "<unk>", "the", "dog"])
    >>> vocabulary.encode(["the", "cat", "<eos>"])
    [2, 1, 0]
    """

    def __init__(self, forms: Iterable[str]) -> None:
        """Raises ValueError unless the forms begin with `<eos>`, `<unk>` and are all different."""
        self._ids = {form: number for number, form in enumerate(self)}
        if self[:2] != (EOS, UNK) or len(self._ids) < len(self):
            raise ValueError(f"a vocabulary begins with {EOS}, {UNK} and holds each form once")

    @classmethod
    def choose(
        cls,
        forms: Sequence[str],
        counts: np.ndarray,
        min_count: int | None = None,
        max_words: int | None = None,
    ) -> tuple[Vocabulary, np.ndarray]:
        """The most frequent of `forms` (which begin with the specials), and the id of each form,
        (len(forms),).

        By descending count, then in the order given. If `min_count` is None and the text has no `<unk>`,
        words that occur once become `<unk>`, so that it is learnt.
        """
        if min_count is None:
            min_count = 1 if counts[UNK_ID] else 2
        order = 2 + np.argsort(-counts[2:], kind="stable")
        order = order[counts[order] >= min_count]
        if max_words is not None:
            order = order[: max_words - 2]
        chosen = np.concatenate([np.array([EOS_ID, UNK_ID]), order])
        ids = np.full(len(forms), UNK_ID, dtype=np.int64)
        ids[chosen] = np.arange(len(chosen))
        return cls(forms[number] for number in chosen), ids

    def encode(self, forms: Iterable[str]) -> list[int]:
        """Ids of the forms; unknown ones are `<unk>`."""
        return [self._ids.get(form, UNK_ID) for form in forms]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a JSON list, one form a line. Raises OnlstmError if writing fails."""
        save_forms(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Raises FormatError for a truncated file or one of another format."""
        try:
            return cls(load_forms(path))
        except ValueError as error:
            raise FormatError(f"expected a vocabulary, found otherwise: {error}", file=path) from error


def save_forms(path: str | os.PathLike[str], forms: Iterable[str]) -> None:
    """JSON keeps any form whole, whatever white space it contains."""
    with written_whole(path) as file:
        for number, form in enumerate(forms):  # one at a time: a large text has millions
            file.write((",\n" if number else "[\n") + json.dumps(form, ensure_ascii=False))
        file.write("\n]\n")


def load_forms(path: str | os.PathLike[str]) -> list[str]:
    """Raises FormatError unless the file is a JSON list of strings."""
    try:
        forms = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"cannot read: {error.strerror}", file=path) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"expected a JSON list of words, found a damaged file: {error}", file=path
        ) from error
    if not isinstance(forms, list) or not all(isinstance(form, str) for form in forms):
        raise FormatError("expected a JSON list of words, found other JSON", file=path)
    return forms
