"""Chunks of lines to provisional ids, in this process or in several."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial

import numpy as np

from onlstm_parse.processes import in_processes
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.text.pipeline import normalised
from onlstm_parse.text.tokenisers import TOKENISERS
from onlstm_parse.text.tokenisers.base import Tokeniser
from onlstm_parse.text.vocabulary import EOS

Chunk = tuple[list[str], list[str]]
"""Training lines, validation lines."""
Cut = tuple[list[str], np.ndarray, np.ndarray]
"""Forms in the order first seen, and each side as indices into them."""


def cut(chunk: Chunk, config: TextConfig, model: bytes | None) -> Cut:
    """Tokenise and normalise. `model` is the model of the tokeniser."""
    tokeniser, normalise = _tokeniser(config.tokeniser, model), NORMALISATIONS[config.normalisation]
    numbers = {EOS: 0}
    sides = []
    for lines in chunk:
        ids: list[int] = []
        for line in lines:
            if forms := normalised(tokeniser.tokenise(line)[1], normalise):
                ids += [numbers.setdefault(form, len(numbers)) for form in forms]
                ids.append(numbers[EOS])
        sides.append(np.array(ids, dtype=np.int64))
    return list(numbers), sides[0], sides[1]


@lru_cache(1)  # a worker process receives the same one with every chunk
def _tokeniser(name: str, model: bytes | None) -> Tokeniser:
    return TOKENISERS[name](model)


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
            progress.update(len(done[1]) + len(done[2]))
            yield done
