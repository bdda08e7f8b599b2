"""The contract of a tokeniser."""

from __future__ import annotations

from collections.abc import Iterable

SPECIAL_TOKENS = ("<unk>", "<eos>")  # kept whole by every tokeniser


class Tokeniser:
    """Cuts a line into the user's own words, and gives the language model's form of each.

    Made with the bytes of its model where it has one, which `train` learns from text.
    Forms are not yet normalised. Instances are cheap until first used.
    """

    library: str | None = None
    """The distribution whose version decides how text is cut."""
    learns = False
    """Whether it has to be trained, and its `model` kept."""
    model: bytes | None = None
    """What must be stored to make the same tokeniser again."""

    def __init__(self, model: bytes | None = None) -> None:
        """Only a trained tokeniser has a use for `model`."""

    @classmethod
    def train(cls, lines: Iterable[str], pieces: int) -> Tokeniser:
        """A tokeniser for text like `lines`, which only those that learn will read."""
        return cls()

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        """Words (not empty, substrings of the line, in order) and as many forms."""
        raise NotImplementedError

    def forms_of(self, word: str) -> list[str]:
        """The forms of a word that someone else cut out, a treebank's leaf; at least one."""
        return [word]
