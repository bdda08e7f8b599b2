"""Files and folders to gold trees, whatever the format.

A format is recognised by content where it is not named. In a folder the files
with a treebank's usual ending are read, in order of name; where there are none,
every file that looks like a treebank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.text.reading import checked_file, decoded_lines, read_lines
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import FORMATS

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
PENN_ENDINGS = (".mrg", ".ptb", ".prd", ".tree", ".trees", ".parse", ".brackets")
CHINESE_ENDINGS = (".fid", ".nw", ".mz", ".bn", ".bc", ".wb", ".df", ".sc", ".cs")
HEAD = 40  # lines that must show the format


class Format(NamedTuple):
    """One notation: how to read it, how to know it, and which leaves are words in it by default."""

    read: Callable[[Iterable[str], Path], Iterator[tuple[Tree, int]]]
    recognises: Callable[[str], bool]
    words: str


class GoldTree(NamedTuple):
    """A tree and where it begins; `line` counts from 1."""

    tree: Tree
    file: Path
    line: int


def read_treebank(paths: Paths, format: str | None = None) -> Iterator[GoldTree]:
    """Stream the trees of files and folders, in order; `format` is a name in FORMATS.

    Raises OnlstmError for a missing file, FormatError for one that is empty,
    malformed, of no known format, or without a tree.
    """
    if format:
        FORMATS[format]
    return (tree for file in treebank_files(paths) for tree in _read_file(file, format))


def treebank_format(paths: Paths, format: str | None = None) -> str:
    """`format` if it is known, otherwise the name of the format that the first file is in."""
    return format if format and FORMATS[format] else _expect_format(treebank_files(paths)[0])


def treebank_files(paths: Paths) -> list[Path]:
    """The files that `paths` stand for, folders searched; raises OnlstmError if there are none."""
    listed = [Path(paths)] if isinstance(paths, str | PathLike) else map(Path, paths)
    files = [file for path in listed for file in _files_under(path)]
    if not files:
        raise OnlstmError("no treebank given", remedy="name a file or a folder")
    return files


def _files_under(path: Path) -> list[Path]:
    if not path.is_dir():
        return [checked_file(path)]
    inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    usual = [
        file for file in inside if file.name.removesuffix(".gz").endswith(PENN_ENDINGS + CHINESE_ENDINGS)
    ]
    found = usual or [file for file in inside if _recognised(file)]
    if not found:
        remedy = "name the files themselves"
        raise OnlstmError("expected a folder with a treebank, found none in it", file=path, remedy=remedy)
    return found


def _read_file(file: Path, format: str | None) -> Iterator[GoldTree]:
    notation = FORMATS[format or _expect_format(file)]
    empty = True
    with decoded_lines(file) as lines:
        for tree, line in notation.read(lines, file):
            empty = False
            yield GoldTree(tree, file, line)
    if empty:
        raise FormatError("expected trees, found none", file=file)


def _expect_format(file: Path) -> str:
    if format := _recognised(file):
        return format
    first = next(read_lines([file])).strip()  # raises where there is no text
    remedy = f"name the format: {' or '.join(FORMATS)}"
    raise FormatError(f"expected a treebank, found {first[:40]!r}", file=file, line=1, remedy=remedy)


def _recognised(file: Path) -> str | None:
    """The format whose notation the file begins with, None where there is none or no text."""
    try:
        with decoded_lines(file, bad_bytes="replace") as lines:
            head = "\n".join(islice(lines, HEAD))
    except OnlstmError:
        return None
    return next((name for name in FORMATS if FORMATS[name].recognises(head)), None)
