"""Chunks of lines to provisional ids, in this process or in several."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from threading import get_ident
from typing import NamedTuple

import numpy as np

from onlstm_parse.processes import in_processes
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.text.tokenisers import TOKENISERS
from onlstm_parse.text.tokenisers.base import Tokeniser
from onlstm_parse.text.vocabulary import EOS

Chunk = tuple[list[str], list[str]]
"""Training lines, validation lines; none is empty."""

KNOWN_TOKENS = 1 << 18  # with more a process starts anew, so that its memory stays bounded
DROPPED, LINE_END = -1, -2  # in place of ids: a token that normalisation drops; the end of a line


class Cut(NamedTuple):
    forms: list[str]
    """In the order first seen."""
    sides: list[np.ndarray]
    """Of each side the tokens, int32 indices into the forms."""
    digest: str
    """Of the chunk, see `digest_of`."""


class _Numbers(dict[str, int]):
    """From tokens to the numbers of their forms, filled as they are met: most of a text are few tokens."""

    def __init__(self, normalisation: str) -> None:
        self._normalise: Callable[[str], str | None] = NORMALISATIONS[normalisation]
        self.forms = {EOS: 0}

    def __missing__(self, token: str) -> int:
        form = self._normalise(token)
        self[token] = DROPPED if form is None else self.forms.setdefault(form, len(self.forms))
        return self[token]


def cut(chunk: Chunk, config: TextConfig, model: bytes | None) -> Cut:
    """Tokenise and normalise. `model` is the model of the tokeniser."""
    tokenise = _tokeniser(config.tokeniser, model).tokenise
    numbers = _numbers(config.normalisation, get_ident())
    train, valid = (_numbered(lines, tokenise, numbers) for lines in chunk)
    present, ids = _by_first_occurrence(
        np.concatenate([np.zeros(1, np.int32), train, valid]), len(numbers.forms)
    )
    forms = list(numbers.forms)
    cut = Cut(
        [forms[number] for number in present.tolist()],
        np.split(ids[1:], [len(train)]),
        digest_of(chunk),
    )
    if len(numbers) > KNOWN_TOKENS:
        _numbers.cache_clear()
    return cut


# A worker process receives the same arguments with every chunk.
@lru_cache(1)
def _tokeniser(name: str, model: bytes | None) -> Tokeniser:
    return TOKENISERS[name](model)


@lru_cache(1)
def _numbers(normalisation: str, thread: int) -> _Numbers:
    """Threads share none: two that number a form each at the same time would take the same number."""
    return _Numbers(normalisation)


def _numbered(
    lines: list[str], tokenise: Callable[[str], tuple[list[str], list[str]]], numbers: _Numbers
) -> np.ndarray:
    """The tokens of the lines, `<eos>` after each line of which normalisation leaves something."""
    number = numbers.__getitem__
    found: list[int] = []
    for line in lines:
        found += map(number, tokenise(line)[1])
        found.append(LINE_END)
    ids = np.array(found, dtype=np.int32)
    ids = ids[ids != DROPPED]
    ends = ids == LINE_END
    empty = ends & np.concatenate([[True], ends])[:-1]
    ids[ends] = numbers.forms[EOS]
    return ids[~empty]


def _by_first_occurrence(numbers: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers, below `size`, that occur, in order, and the place of each of all among them (int32)."""
    positions = np.arange(len(numbers))
    first = np.empty(size, dtype=np.int64)
    first[numbers[::-1]] = positions[::-1]  # of equal numbers the last one written stays: the first one
    present = numbers[first[numbers] == positions]
    places = np.empty(size, dtype=np.int32)
    places[present] = np.arange(len(present))
    return present, places[numbers]


def digest_of(chunk: Chunk) -> str:
    """A hash of the lines of both sides."""
    content = "\n\n".join("\n".join(lines) for lines in chunk)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def cut_all(chunks: Iterable[Chunk], config: TextConfig, model: bytes | None, workers: int) -> Iterator[Cut]:
    """The ids of the chunks, in the order of the chunks."""
    from tqdm import tqdm

    work = partial(cut, config=config, model=model)
    # Forking lets a user's script train without an `if __name__ == "__main__"`.
    start = "fork" if sys.platform == "linux" else None
    cuts: Iterator[Cut] = map(work, chunks)
    if workers > 1:
        cuts = in_processes(work, chunks, workers, "tokenises the text", start)
    with tqdm(desc="tokenising", unit=" tokens", unit_scale=True, disable=None, leave=False) as progress:
        for done in cuts:
            progress.update(sum(map(len, done.sides)))
            yield done
