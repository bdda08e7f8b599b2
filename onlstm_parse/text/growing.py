"""A cache entry in the making: what a killed process has cut is not cut again.

The files only grow. After each chunk a line of the log says how large they are, and which text they hold by
then. The next process reads the text again up to the first chunk that differs, which costs little beside
cutting it, shortens the files to that place and goes on. So a file that was broken can be replaced, and the
work before it stays.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from onlstm_parse.files import remove_abandoned, writing
from onlstm_parse.processes import locked
from onlstm_parse.text.cutting import Chunk, Cut, digest_of
from onlstm_parse.text.vocabulary import EOS, EOS_ID, UNK, UNK_ID, save_forms

LOCK, LOG = ".lock", ".log"
FORMS_SO_FAR = ".forms"  # a JSON string a line
SIDES = ("train", "valid")
IDS_AT_ONCE = 1 << 24  # read from disk together
REMEDY = "what is done is kept; make room and try again, or set ONLSTM_CACHE to a folder on another disk"


@contextmanager
def grown_whole(folder: Path, name: str) -> Iterator[Path | None]:
    """A folder beside `folder` to fill, with what an earlier process left there; at the end it is renamed.

    `name` tells apart what may be filled at the same time. Gives None if another process has just made
    `folder`, which is waited for. Raises OnlstmError if writing fails.
    """
    if sys.platform == "win32":  # no locks: processes share nothing, and what is left is not found again
        name += f"-{os.getpid()}"
    with writing(folder, REMEDY):
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder.parent)
        beside = folder.with_name(f".unfinished-{name}")
        beside.mkdir(exist_ok=True)
        with locked(beside / LOCK):
            if folder.is_dir():
                yield None
                return
            yield beside
            _rename(beside, folder)
            for helper in (LOCK, LOG, FORMS_SO_FAR):
                (folder / helper).unlink(missing_ok=True)


def _rename(folder: Path, new: Path) -> None:
    """Unless another process was first, see `grown_whole`."""
    try:
        folder.rename(new)
    except OSError:
        if not new.is_dir():
            raise
        shutil.rmtree(folder, ignore_errors=True)


class _Step(NamedTuple):
    """A line of the log: a chunk, and the sizes of the files when it was added."""

    digest: str
    sizes: list[int]


class Growing:
    """Forms, ids and their counts, chunk by chunk. Ids are numbered in the order of first occurrence."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = {EOS: EOS_ID, UNK: UNK_ID}
        self.counts = np.zeros((len(SIDES), 1024), dtype=np.int64)
        """How often each form occurs, (side, form)."""
        self._open = ExitStack()

    def __enter__(self) -> Growing:
        names = [*(f"{side}.ids" for side in SIDES), FORMS_SO_FAR, LOG]
        *self._files, self._log = (
            self._open.enter_context((self._folder / name).open("ab")) for name in names
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    def resume(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Takes up what is there, and gives the chunks that are still to be added."""
        sizes = [0] * len(self._files)
        kept = 0
        for line in (self._folder / LOG).read_bytes().splitlines(keepends=True):
            chunk = next(chunks, None)
            step = self._step(line)
            if chunk is None or step is None or step.digest != digest_of(chunk):
                chunks = chain([chunk] if chunk else [], chunks)
                break
            sizes = step.sizes
            kept += len(line)
        for file, size in zip([*self._files, self._log], [*sizes, kept], strict=True):
            file.truncate(size)
        self._take_up()
        return chunks

    def _step(self, line: bytes) -> _Step | None:
        """None for a line that was not written to its end, or of which the files hold less."""
        if not line.endswith(b"\n"):
            return None
        try:
            step = _Step(*json.loads(line))
        except (ValueError, TypeError):
            return None
        held = [os.fstat(file.fileno()).st_size for file in self._files]
        return step if all(have >= size for have, size in zip(held, step.sizes, strict=True)) else None

    def _take_up(self) -> None:
        with (self._folder / FORMS_SO_FAR).open(encoding="utf-8") as lines:
            for line in lines:
                self._numbers[json.loads(line)] = len(self._numbers)
        self._widen()
        for side, counts in zip(SIDES, self.counts, strict=True):
            if (self._folder / f"{side}.ids").stat().st_size:
                ids = np.memmap(self._folder / f"{side}.ids", dtype=np.uint32, mode="r")
                for start in range(0, len(ids), IDS_AT_ONCE):
                    counts += np.bincount(ids[start : start + IDS_AT_ONCE], minlength=len(counts))

    def add(self, cut: Cut) -> None:
        """Write a chunk, the next in order."""
        numbers, known = self._numbers, len(self._numbers)
        mapping = np.array([numbers.setdefault(form, len(numbers)) for form in cut.forms], dtype=np.uint32)
        self._widen()
        for side, ids in enumerate(cut.sides):
            self._files[side].write(mapping[ids].tobytes())
            self.counts[side, mapping] += np.bincount(ids, minlength=len(mapping))
        new = [*islice(reversed(numbers), len(numbers) - known)][::-1]
        self._files[-1].write("".join(f"{json.dumps(form)}\n" for form in new).encode())
        for file in self._files:
            file.flush()
        step = _Step(cut.digest, [file.tell() for file in self._files])
        self._log.write(json.dumps(step).encode() + b"\n")
        self._log.flush()

    def _widen(self) -> None:
        if (more := len(self._numbers) - self.counts.shape[1]) > 0:
            self.counts = np.pad(self.counts, ((0, 0), (0, more + self.counts.shape[1])))

    def finish(self) -> None:
        """Write what reading needs beside the ids and the forms."""
        np.save(self._folder / "counts.npy", self.counts[:, : len(self._numbers)], allow_pickle=False)
        save_forms(self._folder / "forms.json", self._numbers)
