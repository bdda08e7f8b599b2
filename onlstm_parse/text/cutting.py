"""Chunks of lines to provisional ids, in this process or in several."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from onlstm_parse.errors import OnlstmError
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


class Cutter:
    """Tokenises and normalises."""

    def __init__(self, config: TextConfig, tokeniser: Tokeniser) -> None:
        self._tokeniser, self._normalise = tokeniser, NORMALISATIONS[config.normalisation]

    def __call__(self, chunk: Chunk) -> Cut:
        numbers = {EOS: 0}
        sides = []
        for lines in chunk:
            ids: list[int] = []
            for line in lines:
                forms = normalised(self._tokeniser.tokenise(line)[1], self._normalise)
                if forms:
                    ids += [numbers.setdefault(form, len(numbers)) for form in forms]
                    ids.append(numbers[EOS])
            sides.append(np.array(ids, dtype=np.int64))
        return list(numbers), sides[0], sides[1]


def cut_all(chunks: Iterable[Chunk], config: TextConfig, tokeniser: Tokeniser, workers: int) -> Iterator[Cut]:
    """The chunks' ids in the order of the chunks."""
    from tqdm import tqdm

    cuts = (
        map(Cutter(config, tokeniser), chunks)
        if workers == 1
        else _parallel(chunks, config, tokeniser, workers)
    )
    with tqdm(desc="tokenising", unit=" tokens", unit_scale=True, disable=None, leave=False) as progress:
        for cut in cuts:
            progress.update(len(cut[1]) + len(cut[2]))
            yield cut


def _parallel(
    chunks: Iterable[Chunk], config: TextConfig, tokeniser: Tokeniser, workers: int
) -> Iterator[Cut]:
    """At most a few chunks are under way at a time, so memory stays bounded."""
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # Forking lets a user's script train without an `if __name__ == "__main__"`.
    context = get_context("fork" if sys.platform == "linux" else None)
    pending: deque[Future[Cut]] = deque()
    try:
        with ProcessPoolExecutor(workers, context, _start_worker, (config, tokeniser.model)) as pool:
            for chunk in chunks:
                pending.append(pool.submit(_cut, chunk))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
    except BrokenProcessPool as error:
        remedy = "was it out of memory? try fewer workers"
        raise OnlstmError("a process that tokenises the text was killed", remedy=remedy) from error


_cutter: Cutter  # of a worker process


def _start_worker(config: TextConfig, model: bytes | None) -> None:
    from threading import Thread

    global _cutter
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C
    Thread(target=_die_with_parent, daemon=True).start()
    _cutter = Cutter(config, TOKENISERS[config.tokeniser](model))


def _die_with_parent() -> None:
    """A killed parent leaves no process behind that waits for work for ever."""
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)


def _cut(chunk: Chunk) -> Cut:
    return _cutter(chunk)
