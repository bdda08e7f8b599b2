"""The contract of a tokeniser."""

from __future__ import annotations

from collections.abc import Iterable

SPECIAL_TOKENS = ("<unk>", "<eos>")  # kept whole by every tokeniser

# Kept whole by those that cut at punctuation. A mark at the end of an address belongs to the sentence.
_ADDRESS = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'*+,;=%]"
_URL = rf"(?:(?:https?|ftp)://|www\.)(?:{_ADDRESS}|\({_ADDRESS}*\))+(?<![.,;:!?'])"
_EMAIL = r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_PICTURE = "[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_EMOJI = f"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}(?:\u200d{_PICTURE})*"
WHOLE = f"{_URL}|{_EMAIL}|{_EMOJI}"


class Tokeniser:
    """Cuts a line into words of the user, and gives the form of each that the language model reads.

    Built with the bytes of its model, if `train` makes one from text. Forms are not yet normalised. Building
    an instance is cheap; its first use may not be.
    """

    library: str | None = None
    """The package whose version decides how text is cut."""
    learns = False
    """Whether it must be trained, and its `model` stored."""
    open_vocabulary = False
    """Whether rare words are cut finer, so that hardly any text is unknown."""
    model: bytes | None = None
    """What must be stored to build the same tokeniser again."""

    def __init__(self, model: bytes | None = None) -> None:
        """Only a trained tokeniser uses `model`."""

    @classmethod
    def train(cls, lines: Iterable[str], pieces: int) -> Tokeniser:
        """A tokeniser for text like `lines`. Only those that learn read the lines."""
        return cls()

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        """Words (not empty, substrings of the line, in order), and one form for each."""
        raise NotImplementedError

    def forms_of(self, word: str) -> list[str]:
        """The forms of a word that someone else cut, such as a leaf of a treebank; at least one."""
        return [word]
