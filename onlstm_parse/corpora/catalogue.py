"""The catalogue of corpora, read from catalogue.toml: what each is, where to get it, which settings suit it.

A corpus is a folder in $ONLSTM_CORPORA or in the cache folder. Synthetic corpora are made in the cache on
first use.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from onlstm_parse.files import cache_folder


@dataclass(frozen=True)
class Remote:
    """A file to download. `digest` is `md5:...` or `sha256:...` of it as it comes."""

    url: str
    save: str = ""
    """Its path in the corpus folder."""
    digest: str | None = None
    unpack: str = "plain"
    """The way to turn it into files of the corpus, a name in fetch.UNPACK."""
    members: str = ""
    """The members to take from an archive: globs, separated by spaces."""


@dataclass(frozen=True)
class Corpus:
    """A corpus. `train`, `valid`, `test`, `trees` and `pairs` are globs in its folder."""

    name: str
    language: str
    size: str
    licence: str
    source: str
    train: tuple[str, ...] = ()
    valid: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    """Minimal pairs of sentences; the first file is the one that the corpus' name stands for."""
    words: str | None = None
    """The word filter that suits its tags, a name in treebanks.WORD_FILTERS; None for that of its format."""
    tokeniser: str | None = None
    """Recommended for training on its text."""
    normalisation: str | None = None
    grammar: str | None = None
    """The built-in grammar that makes it."""
    remotes: tuple[Remote, ...] = ()
    sha256: str | None = None

    @property
    def globs(self) -> tuple[str, ...]:
        """Of all its data files."""
        return self.train + self.valid + self.trees + self.pairs

    def folder(self) -> Path | None:
        """Its folder on this machine, or None."""
        chosen = os.environ.get("ONLSTM_CORPORA")
        places = [*([Path(chosen)] if chosen else []), corpora_cache()]
        return next((place / self.name for place in places if (place / self.name).is_dir()), None)


def corpora_cache() -> Path:
    return cache_folder() / "corpora"


def builtin_folder() -> Path:
    """The folder of the catalogue and the grammars."""
    try:
        return Path(str(resources.files("onlstm_parse.builtin")))
    except ModuleNotFoundError:  # a checkout: the folder lies beside the package
        return Path(__file__).parents[2] / "corpora"


def _corpus(name: str, remotes: tuple[dict[str, str], ...] = (), **facts: Any) -> Corpus:
    facts = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    return Corpus(name, remotes=tuple(Remote(**remote) for remote in remotes), **facts)


_CATALOGUE = tomllib.loads((builtin_folder() / "catalogue.toml").read_text(encoding="utf-8"))
CORPORA = {name: _corpus(name, **facts) for name, facts in _CATALOGUE.items()}
