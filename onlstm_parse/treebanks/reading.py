"""Files and folders to gold trees, in any format.

If no format is named, it is recognised by content. In a folder, files with the usual endings of a format are
read, in order of name: those of the first format in the table that has any. If there are none, every file
that looks like a treebank is read.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import NamedTuple, TypeVar

from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.flat import Flat
from onlstm_parse.text.reading import checked_file, decoded_lines, find_encoding, read_lines
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import FORMATS
from onlstm_parse.treebanks.filters import composed
from onlstm_parse.treebanks.format import Format

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
T = TypeVar("T")
NAME_ENCODING = "name the encoding with the format: --format penn:latin-1"
HEAD = 40  # lines that must show the format


class GoldTree(NamedTuple):
    """A tree and the line where it begins. `raised` constituents lost parts that crossed others."""

    tree: Tree
    file: Path
    line: int
    raised: int = 0


def format_named(name: str) -> Format:
    """The format with that name; `penn:latin-1` is one in another encoding than usual. Raises UsageError."""
    name, _, encoding = name.partition(":")
    found: Format = FORMATS[name]
    if not encoding:
        return found
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UsageError(f"unknown encoding {encoding!r}", remedy="try latin-1, gb18030 or big5") from None
    return replace(found, encodings=(encoding,))


def read_treebank(
    paths: Paths, format: str | None = None, filters: str | Sequence[str] = ()
) -> Iterator[GoldTree]:
    """Stream the trees of files and folders, in order; `format` is a name in FORMATS, with an
    encoding if need be: `penn:latin-1`.

    `filters` are names in FILTERS, `traces,length:40`, applied one behind another.
    Raises OnlstmError for a missing file, FormatError for one that is empty,
    malformed, of no known format, or without a tree.
    """
    if format:
        format_named(format)
    keep = composed(filters)
    trees = (tree for file in treebank_files(paths, format) for tree in _read_file(file, format))
    return (one._replace(tree=left) for one in trees if (left := keep(one.tree))) if filters else trees


def read_flat_treebank(paths: Paths, format: str | None = None) -> Iterator[Flat]:
    """Like `read_treebank`, but without nodes: faster where the format has a quick reader."""
    return (flat for file in treebank_files(paths, format) for flat in _read_flat_file(file, format))


def treebank_format(paths: Paths, format: str | None = None) -> str:
    """The given format if it is known, otherwise the format of the first file."""
    return format if format and format_named(format) else _expect_format(treebank_files(paths, format)[0])


def looks_like_treebank(path: Path) -> bool:
    """Whether the content or the usual ending of a file, or of a file in a folder, is that of a format."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    endings = tuple(ending for name in FORMATS for ending in FORMATS[name].endings)
    return any(file.name.removesuffix(".gz").endswith(endings) or _recognised(file) for file in files)


def treebank_files(paths: Paths, format: str | None = None) -> list[Path]:
    """The files at `paths`, with folders searched. Raises OnlstmError if there are none."""
    listed = [Path(paths)] if isinstance(paths, str | PathLike) else map(Path, paths)
    files = [file for path in listed for file in _files_under(path, format)]
    if not files:
        raise OnlstmError("no treebank given", remedy="name a file or a folder")
    return files


def _files_under(path: Path, format: str | None) -> list[Path]:
    if not path.is_dir():
        return [checked_file(path)]
    inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    for name in [format] if format else FORMATS:
        endings = format_named(name).endings
        if usual := [file for file in inside if file.name.removesuffix(".gz").endswith(endings)]:
            return usual
    found = [file for file in inside if _recognised(file)]
    if not found:
        remedy = "name the files themselves"
        raise OnlstmError("expected a folder with a treebank, found none in it", file=path, remedy=remedy)
    return found


def _read_file(file: Path, format: str | None) -> Iterator[GoldTree]:
    notation = format_named(format or _expect_format(file))
    for tree, line, raised in _sentences(file, notation, notation.read):
        yield GoldTree(tree, file, line, raised)


def _read_flat_file(file: Path, format: str | None) -> Iterator[Flat]:
    notation = format_named(format or _expect_format(file))
    if notation.read_flat:
        for flat, line in _sentences(file, notation, notation.read_flat):
            yield flat._replace(file=file, line=line)
    else:
        for tree, line, raised in _sentences(file, notation, notation.read):
            yield tree.flat()._replace(file=file, line=line, raised=raised)


def _sentences(
    file: Path, notation: Format, read: Callable[[Iterable[str], Path], Iterator[T]]
) -> Iterator[T]:
    empty = True
    encoding = find_encoding(file, notation.encodings)
    with decoded_lines(file, encoding=encoding, remedy=NAME_ENCODING) as lines:
        for sentence in read(lines, file):
            empty = False
            yield sentence
    if empty:
        raise FormatError("expected trees, found none", file=file)


def _expect_format(file: Path) -> str:
    if format := _recognised(file):
        return format
    first = next(read_lines([file])).strip()  # raises where there is no text
    remedy = f"name the format: {' or '.join(FORMATS)}"
    raise FormatError(
        f"expected a treebank, found {first[:40]!r}", file=file, line=1, column=1, remedy=remedy
    )


def _recognised(file: Path) -> str | None:
    """The format that the beginning of the file has; None if no format fits or the file has no text."""
    try:
        with decoded_lines(file, bad_bytes="replace") as lines:
            head = "\n".join(islice(lines, HEAD))
    except OnlstmError:
        return None
    return next((name for name in FORMATS if FORMATS[name].recognises(head)), None)
