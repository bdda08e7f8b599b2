"""Turn what a user names, a path or a corpus, into files. An existing path always wins."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from onlstm_parse.corpora.catalogue import CORPORA, Corpus, corpora_cache
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import folder_written_whole
from onlstm_parse.registry import nearest
from onlstm_parse.text import sources
from onlstm_parse.text.sources import Name, Source
from onlstm_parse.treebanks.reading import looks_like_treebank
from onlstm_parse.version import VERSION

WHAT = {"test": "test text", "trees": "trees", "pairs": "minimal pairs"}


def find(name: Name) -> Corpus | None:
    """The corpus with that name, or of that part (gum/dev); None for an existing path or an unknown name."""
    return (
        None if Path(name).exists() or sources.is_pattern(name) else CORPORA.get(str(name).partition("/")[0])
    )


def has_trees(name: Name) -> bool:
    """Whether a path or a corpus is a treebank rather than text. A corpus with both counts as a treebank."""
    if Path(name).exists():
        return looks_like_treebank(Path(name))
    corpus = find(name)
    return corpus is None or bool(corpus.trees)


def lasting(name: Name) -> str:
    """An absolute path for a path, the same name for a corpus: valid in any working folder."""
    return sources.lasting(name) or str(name)


def locate_text(name_or_path: Name) -> list[Source]:
    """The text files of a path, a pattern, an address or a corpus; for a folder, those with usual endings.

    Raises OnlstmError if there are none, UsageError for a corpus without text.
    """
    return sources.listed(name_or_path) or [*_corpus_files(name_or_path, "train")]


def locate_valid(name_or_path: Name) -> list[Source] | None:
    """The validation text of a corpus; None for a path or a corpus without one."""
    return _held_out(name_or_path, "valid")


def locate_test(name_or_path: Name) -> list[Source] | None:
    """The test text of a corpus; None for a path or a corpus without one."""
    return _held_out(name_or_path, "test")


def _held_out(name: Name, part: str) -> list[Source] | None:
    corpus = find(name)
    return [*_corpus_files(name, part)] if corpus and getattr(corpus, part) else None


def locate_measured(name_or_path: Name) -> list[Source]:
    """The text that perplexity is measured on: that of a path, or the test text of a corpus.

    Raises as `locate_text` does.
    """
    corpus = find(name_or_path)
    return [*_corpus_files(name_or_path, "test")] if corpus else locate_text(name_or_path)


def locate_pairs(name_or_path: Name) -> Path:
    """The path itself, or the minimal pairs of a corpus. Raises as `locate_text` does."""
    if Path(name_or_path).exists():
        return Path(name_or_path)
    return _corpus_files(name_or_path, "pairs")[0]


def locate_treebank(name_or_path: Name) -> list[Path]:
    """The path itself, or the gold trees of a corpus. Raises as `locate_text` does."""
    return [Path(name_or_path)] if Path(name_or_path).exists() else _corpus_files(name_or_path, "trees")


def locate_gold(names_or_paths: Name | Sequence[Name]) -> tuple[list[Path], str | None]:
    """The files of treebanks, and the word filter of the first corpus among them; None for paths alone.

    Raises as `locate_text` does.
    """
    names = [names_or_paths] if isinstance(names_or_paths, str | PathLike) else names_or_paths
    paths = [path for name in names for path in locate_treebank(name)]
    filters = (corpus.words for name in names if (corpus := find(name)))
    return paths, next(filter(None, filters), None)


def _corpus_files(name: Name, part: str) -> list[Path]:
    corpus_name, _, inside = str(name).partition("/")
    corpus = CORPORA.get(corpus_name)
    if not corpus:
        if sources.is_pattern(name):
            raise OnlstmError(f"expected files that match {str(name)!r}, found none")
        remedy = nearest(str(name), CORPORA)
        raise OnlstmError(f"expected a file, a folder or a corpus, found {str(name)!r}", remedy=remedy)
    globs = getattr(corpus, part)
    if not globs:
        others = ", ".join(other.name for other in CORPORA.values() if getattr(other, part))
        what = WHAT.get(part, "text")
        raise UsageError(f"corpus {corpus.name} has no {what}", remedy=f"these have: {others}")
    folder = corpus.folder() or _made_or_missed(corpus)
    files = [file for pattern in globs for file in sorted(folder.glob(pattern))]
    if inside:
        files = [file for file in files if file.is_relative_to(folder / inside)]
    if not files:
        where = f" in {inside}" if inside else ""
        problem = f"expected {' '.join(globs)} of corpus {corpus.name}{where}, found none"
        raise OnlstmError(problem, file=folder, remedy="remove the folder and get the corpus again")
    return files


def _made_or_missed(corpus: Corpus) -> Path:
    """The folder of a generated corpus, made on first use. Another grammar or version makes a new one."""
    if not corpus.grammar:
        remedy = f"get it with: onlstm-parse corpora fetch {corpus.name}"
        if not corpus.remotes:
            remedy = f"put its files into a folder {corpus.name} and name the folder above in ONLSTM_CORPORA"
        raise OnlstmError(f"corpus {corpus.name} is not on this machine", remedy=remedy)
    from onlstm_parse.corpora import synthetic

    key = hashlib.sha256(VERSION.encode() + synthetic.grammars()[corpus.grammar].read_bytes()).hexdigest()
    folder = corpora_cache() / "made" / f"{corpus.name}-{key[:12]}"
    if not folder.is_dir():
        with folder_written_whole(folder) as new:
            synthetic.make(corpus.grammar, new)
    return folder
