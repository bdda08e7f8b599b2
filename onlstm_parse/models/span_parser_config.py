"""The settings of a span parser. Imports no torch, so that `--help` is quick."""

from __future__ import annotations

from dataclasses import dataclass

from onlstm_parse.errors import UsageError
from onlstm_parse.models import SPAN_PARSER
from onlstm_parse.models.network_config import NetworkConfig


@dataclass(frozen=True)
class SpanParserConfig(NetworkConfig):
    """A network that scores every span of a sentence. It learns from the trees of another parser."""

    kind = SPAN_PARSER

    model: str = "span-parser"
    """The kind of model: span-parser."""
    embedding: int = 128
    """Units of the embedding of a word."""
    hidden: int = 128
    """H: units of a layer in each direction."""
    layers: int = 3
    """Layers that read the words in both directions."""
    scorer: int = 128
    """Units between the ends of a span and its score."""
    dropout: float = 0.3
    """Share of units dropped before each layer and before the fenceposts."""
    dropout_words: float = 0.1
    """Share of words that are read as unknown in training."""

    def __post_init__(self) -> None:
        if self.model != "span-parser":
            raise UsageError(f"a span parser has one model, span-parser, found {self.model!r}")
        for name in ("embedding", "hidden", "layers", "scorer"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        for name in ("dropout", "dropout_words"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 0 and below 1, found {getattr(self, name)}")


SPAN_PARSER_SIZES = {
    "tiny": SpanParserConfig(embedding=32, hidden=48, layers=2, scorer=32, dropout=0.1),
    "small": SpanParserConfig(),
    "paper": SpanParserConfig(embedding=256, hidden=512, layers=3, scorer=256),
}
