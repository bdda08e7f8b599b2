"""The settings that turn text into ids: stored in a run, shared by training and parsing."""

from __future__ import annotations

from dataclasses import dataclass

from onlstm_parse.errors import UsageError
from onlstm_parse.registry import check_known
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.text.tokenisers import TOKENISERS


@dataclass(frozen=True)
class TextConfig:
    """How text becomes tokens, and tokens become ids. Raises UsageError for a wrong value."""

    tokeniser: str = "ptb"
    """How a line is cut into tokens: ptb, whitespace, jieba, jieba-simplified (both scripts as one),
    characters or sentencepiece; auto (of train): by the look of the text."""
    normalisation: str = "mikolov"
    """How a token is changed: none, lower, mikolov (lower case, numbers N, punctuation dropped, as in
    Mikolov's Penn Treebank text) or words (the same for any language, currency signs dropped too);
    auto (of train): by the look of the text."""
    min_count: int | None = None
    """Words seen less often in the training text become <unk>; default: 2, or 1 where the text has <unk>."""
    max_words: int | None = None
    """Size limit of the vocabulary, <eos> and <unk> included; the most frequent words stay."""
    pieces: int = 8000
    """Number of pieces that sentencepiece learns (fewer where the text is small)."""
    bad_bytes: str = "error"
    """A byte that is not UTF-8: error, or replace it by U+FFFD."""

    def __post_init__(self) -> None:
        check_known("tokeniser", self.tokeniser, ["auto", *TOKENISERS])
        check_known("normalisation", self.normalisation, ["auto", *NORMALISATIONS])
        check_known("bad_bytes", self.bad_bytes, ["error", "replace"])
        for setting, least in (("min_count", 1), ("max_words", 3), ("pieces", 1)):
            value = getattr(self, setting)
            if value is not None and value < least:
                raise UsageError(f"{setting}: expected at least {least}, found {value}")
