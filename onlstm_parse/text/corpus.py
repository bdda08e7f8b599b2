"""Training text to ids on disk: read once, tokenised in parallel, of any size.

Ids on disk are provisional: numbered in the order of first occurrence. Every line is followed by `<eos>`; a
line that normalisation empties is left out. So one file serves every vocabulary, and a vocabulary is a lookup
table over it. A cache entry is a folder. Its name is a hash of the files and of the settings that matter, and
it appears only when it is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.files import cache_folder, folder_written_whole
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.cutting import Chunk, cut_all
from onlstm_parse.text.pipeline import TextPipeline, load_tokeniser, save_tokeniser
from onlstm_parse.text.reading import checked_file, read_lines
from onlstm_parse.text.tokenisers import TOKENISERS
from onlstm_parse.text.vocabulary import EOS, EOS_ID, UNK, UNK_ID, Vocabulary, load_forms, save_forms
from onlstm_parse.version import VERSION

Paths = Sequence[str | os.PathLike[str]]
Files = tuple[list[Path], list[Path]]  # training, validation

PERIOD, HELD_OUT = 200, range(90, 100)  # without validation text: these lines of every 200, 5 %
CHUNK_CHARACTERS = 500_000
SMALL_TEXT = 1_000_000  # bytes; a smaller text needs no second process
SIDES = ("train", "valid")


class TokenIds:
    """The ids of a text: `ids[a:b]` reads them from disk as int64, (b - a,)."""

    def __init__(self, file: Path, counts: np.ndarray, lookup: np.ndarray, fingerprint: str) -> None:
        """`counts` and `lookup` have an entry for each provisional id. Raises ValueError if the file has
        another length.
        """
        self._provisional = np.memmap(file, dtype=np.uint32, mode="r")
        self._lookup, self.fingerprint = lookup, fingerprint
        self.tokens = int(counts.sum())
        """Number of tokens, `<eos>` included."""
        self.lines = int(counts[EOS_ID])
        words = self.tokens - self.lines
        self.unknown_share = int(counts[lookup == UNK_ID].sum()) / max(words, 1)
        """Share of `<unk>` among the tokens that are not `<eos>`."""
        if len(self._provisional) != self.tokens:
            raise ValueError(f"expected {self.tokens} tokens in {file.name}, found {len(self._provisional)}")

    def __len__(self) -> int:
        return self.tokens

    def __getitem__(self, window: slice) -> np.ndarray:
        return self._lookup[self._provisional[window]]


@dataclass(frozen=True)
class PreparedText:
    pipeline: TextPipeline
    train: TokenIds
    valid: TokenIds


def prepare(
    paths: Paths,
    config: TextConfig,
    valid_paths: Paths | None = None,
    cache: str | os.PathLike[str] | None = None,
    workers: int | None = None,
) -> PreparedText:
    """Text files to ids, vocabulary and pipeline. The number of workers changes nothing in the result.

    Without `valid_paths` a share of the lines is held out. `cache` is a folder (default: `text` in the
    toolkit's cache folder). Raises OnlstmError for a file that cannot be read, a text that normalisation
    empties, and a full disk.
    """
    files = [_regular_file(path) for path in paths], [_regular_file(path) for path in valid_paths or []]
    folder = Path(cache or cache_folder() / "text") / _key(files, config)
    if not folder.is_dir():
        with folder_written_whole(folder) as new:
            _fill(new, files, config, workers)
    return _open(folder, config)


def _regular_file(path: str | os.PathLike[str]) -> Path:
    file = checked_file(path)
    if not file.is_file():
        remedy = "write it to a file first: training reads its text more than once"
        raise OnlstmError("expected a regular file, found a pipe or device", file=file, remedy=remedy)
    return file


def _key(files: Files, config: TextConfig) -> str:
    """A hash of all that the provisional ids depend on."""
    kind = TOKENISERS[config.tokeniser]
    library = metadata.version(kind.library) if kind.library else None
    pieces = config.pieces if kind.learns else None
    settings = [config.tokeniser, config.normalisation, config.bad_bytes, pieces]
    parts = [VERSION, library, *settings, *([_digest(path) for path in side] for side in files)]
    return _hash(json.dumps(parts).encode())


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError as error:
        raise OnlstmError(f"cannot read: {error.strerror}", file=path) from error


def _fill(folder: Path, files: Files, config: TextConfig, workers: int | None) -> None:
    train_lines = (line for chunk in _chunks(files, config.bad_bytes) for line in chunk[0])
    tokeniser = TOKENISERS[config.tokeniser].train(train_lines, config.pieces)
    save_tokeniser(tokeniser, folder)
    if workers is None:
        size = sum(path.stat().st_size for side in files for path in side)
        workers = 1 if size < SMALL_TEXT else _cores()
    numbers = {EOS: EOS_ID, UNK: UNK_ID}
    counts = np.zeros((2, 1024), dtype=np.int64)
    with (folder / "train.ids").open("wb") as train, (folder / "valid.ids").open("wb") as valid:
        for forms, *sides in cut_all(_chunks(files, config.bad_bytes), config, tokeniser.model, workers):
            mapping = np.array([numbers.setdefault(form, len(numbers)) for form in forms], dtype=np.uint32)
            if len(numbers) > counts.shape[1]:
                counts = np.pad(counts, ((0, 0), (0, len(numbers))))
            for side, ids in enumerate(sides):
                (train, valid)[side].write(mapping[ids].tobytes())
                counts[side, mapping] += np.bincount(ids, minlength=len(forms))
    _check_not_empty(counts, files)
    np.save(folder / "counts.npy", counts[:, : len(numbers)], allow_pickle=False)
    save_forms(folder / "forms.json", numbers)


def _cores() -> int:
    """The processors that this process may use, if the system says it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chunks(files: Files, bad_bytes: str) -> Iterator[Chunk]:
    """All lines in order, as (training lines, validation lines), cut by the number of characters alone."""
    chunk: Chunk = ([], [])
    room = CHUNK_CHARACTERS
    for side, paths in enumerate(files):
        for number, line in enumerate(read_lines(paths, bad_bytes)):
            held_out = not files[1] and number % PERIOD in HELD_OUT
            chunk[1 if held_out else side].append(line)
            room -= len(line)
            if room <= 0:
                yield chunk
                chunk, room = ([], []), CHUNK_CHARACTERS
    yield chunk


def lines_of_sides(paths: Paths, valid_paths: Paths | None, bad_bytes: str) -> list[Iterator[str]]:
    """The training and the validation lines, held out as by `prepare`."""
    files = [*map(Path, paths)], [*map(Path, valid_paths or [])]
    return [_lines_of(files, side, bad_bytes) for side in range(len(SIDES))]


def _lines_of(files: Files, side: int, bad_bytes: str) -> Iterator[str]:
    for chunk in _chunks(files, bad_bytes):
        yield from chunk[side]


def _check_not_empty(counts: np.ndarray, files: Files) -> None:
    train, valid = counts.sum(axis=1)
    if not train or (not valid and files[1]):
        file = files[1 if train else 0][0]
        remedy = "try another tokeniser or normalisation"
        raise OnlstmError("expected text, found nothing that normalisation keeps", file=file, remedy=remedy)
    if not valid:
        problem = f"the text is too short to hold out validation text (less than {HELD_OUT.start + 1} lines)"
        raise OnlstmError(problem, file=files[0][0], remedy="give validation text with --valid")


def _open(folder: Path, config: TextConfig) -> PreparedText:
    try:
        forms = load_forms(folder / "forms.json")
        counts = np.load(folder / "counts.npy", allow_pickle=False)
        vocabulary, lookup = Vocabulary.choose(forms, counts[0], config.min_count, config.max_words)
        sides = []
        for side, count in zip(SIDES, counts, strict=True):
            identity = f"{folder.name} {side} ".encode() + lookup.tobytes()
            sides.append(TokenIds(folder / f"{side}.ids", count, lookup, _hash(identity)))
        tokeniser = load_tokeniser(config.tokeniser, folder)
    except (OSError, ValueError, FormatError) as error:
        remedy = "delete the folder; it is made again when needed"
        raise FormatError(f"damaged cache entry: {error}", file=folder, remedy=remedy) from error
    return PreparedText(TextPipeline(config, tokeniser, vocabulary), *sides)
