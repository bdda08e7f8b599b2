"""Training text to ids on disk: read once, tokenised in parallel, of any size.

Ids on disk are provisional: numbered in the order of first occurrence. Every line is followed by `<eos>`; a
line that normalisation empties is left out. So one file serves every vocabulary, and a vocabulary is a lookup
table over it. A cache entry is a folder. Its name is a hash of the files and of the settings that matter, and
it appears only when it is complete; until then it grows beside, see `growing`.
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
from onlstm_parse.files import cache_folder
from onlstm_parse.processes import cores
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.cutting import Chunk, cut_all
from onlstm_parse.text.growing import SIDES, Growing, grown_whole
from onlstm_parse.text.pipeline import TOKENISER_FILE, TextPipeline, load_tokeniser, save_tokeniser
from onlstm_parse.text.reading import checked_source, read_lines
from onlstm_parse.text.sources import Source, as_source, digest, lasting, size, split
from onlstm_parse.text.tokenisers import TOKENISERS
from onlstm_parse.text.tokenisers.base import Tokeniser
from onlstm_parse.text.vocabulary import EOS_ID, UNK_ID, Vocabulary, load_forms
from onlstm_parse.version import VERSION

Paths = Sequence[str | os.PathLike[str]]
Files = tuple[list[Source], list[Source]]  # training, validation

PERIOD, HELD_OUT = 200, range(90, 100)  # without validation text: these lines of every 200, 5 %
CHUNK_CHARACTERS = 500_000
SMALL_TEXT = 1_000_000  # bytes; a smaller text needs no second process


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
    key = _key(files, config)
    folder = Path(cache or cache_folder() / "text") / key
    if not folder.is_dir():
        with grown_whole(folder, _name_while_growing(files, config, key)) as new:
            if new:
                _fill(new, files, config, workers)
    return _open(folder, config)


def _regular_file(path: str | os.PathLike[str]) -> Source:
    source = checked_source(path)
    file, _ = split(source)
    if isinstance(file, Path) and not file.is_file():
        remedy = "write it to a file first: training reads its text more than once"
        raise OnlstmError("expected a regular file, found a pipe or device", file=file, remedy=remedy)
    return source


def _settings(config: TextConfig) -> list[object]:
    """All settings that the provisional ids depend on."""
    kind = TOKENISERS[config.tokeniser]
    library = metadata.version(kind.library) if kind.library else None
    pieces = config.pieces if kind.learns else None
    return [VERSION, library, config.tokeniser, config.normalisation, config.bad_bytes, pieces]


def _key(files: Files, config: TextConfig) -> str:
    """A hash of all that the provisional ids depend on."""
    digests = ([digest(source, "blake2b").hex() for source in side] for side in files)
    return _hash(json.dumps([*_settings(config), *digests]).encode())


def _name_while_growing(files: Files, config: TextConfig, key: str) -> str:
    """Of a text that changed, what is the same is kept, unless a tokeniser has learnt from all of it."""
    names = [[lasting(source) for source in side] for side in files]
    whole = key if TOKENISERS[config.tokeniser].learns else None
    return _hash(json.dumps([*_settings(config), *names, whole]).encode())


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _fill(folder: Path, files: Files, config: TextConfig, workers: int | None) -> None:
    if workers is None:
        workers = 1 if sum(size(source) for side in files for source in side) < SMALL_TEXT else cores()
    tokeniser = _tokeniser(folder, files, config)
    with Growing(folder) as growing:
        chunks = growing.resume(_chunks(files, config.bad_bytes))
        for cut in cut_all(chunks, config, tokeniser.model, workers):
            growing.add(cut)
        _check_not_empty(growing.counts, files)
        growing.finish()


def _tokeniser(folder: Path, files: Files, config: TextConfig) -> Tokeniser:
    """That of an earlier process, or else learnt from the training text, if it learns."""
    if (folder / TOKENISER_FILE).exists():
        return load_tokeniser(config.tokeniser, folder)
    lines = _lines_of(files, 0, config.bad_bytes)
    tokeniser = TOKENISERS[config.tokeniser].train(lines, config.pieces)
    save_tokeniser(tokeniser, folder)
    return tokeniser


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
    files = [*map(as_source, paths)], [*map(as_source, valid_paths or [])]
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
