"""Subword pieces by SentencePiece (Kudo and Richardson 2018): a unigram model learnt from the text.

SentencePiece's own normalisation is off, since the run has its own. The mark ▁ belongs to the form of a
piece, not to the word; a mark alone is left out. Training reads a seeded sample of lines, so the text may
have any size.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.text.tokenisers.base import SPECIAL_TOKENS, Tokeniser

MARK = "▁"
SAMPLE_PARTS = 200_000
PART_CHARACTERS = 1_000  # SentencePiece skips lines above 4,192 bytes


class SentencePiece(Tokeniser):
    library = "sentencepiece"
    learns = True
    open_vocabulary = True

    def __init__(self, model: bytes | None = None) -> None:
        """Raises FormatError unless `model` is the result of `train`."""
        import sentencepiece

        self.model = model
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            if not model or not self._processor.LoadFromSerializedProto(model):
                raise RuntimeError("empty")
        except RuntimeError as error:
            raise FormatError("expected a sentencepiece model, found other or damaged content") from error

    @classmethod
    def train(cls, lines: Iterable[str], pieces: int) -> SentencePiece:
        """Raises UsageError if `pieces` is less than the number of characters in the text."""
        import sentencepiece

        written = io.BytesIO()
        sentencepiece.set_random_generator_seed(0)
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=_parts(lines),
                input_sentence_size=SAMPLE_PARTS,
                shuffle_input_sentence=True,
                model_writer=written,
                vocab_size=pieces,
                hard_vocab_limit=False,
                normalization_rule_name="identity",
                user_defined_symbols=list(SPECIAL_TOKENS),
                unk_piece="<piece-unk>",
                bos_id=-1,
                eos_id=-1,
                num_threads=1,  # sums in a fixed order: the same text gives the same model
                minloglevel=3,
            )
        except RuntimeError as error:
            problem = f"sentencepiece cannot learn {pieces} pieces: {str(error).split(') ')[-1].strip()}"
            raise UsageError(problem, remedy="try another number with --pieces") from error
        return cls(written.getvalue())

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        words, forms = [], []
        at = 0
        for piece in self._processor.encode(" ".join(line.split()), out_type=str):
            if word := piece.strip(MARK):
                at = line.index(word, at) + len(word)
                words.append(word)
                forms.append(piece)
        return words, forms

    def forms_of(self, word: str) -> list[str]:
        return self.tokenise(word)[1] or [word]


def _parts(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        for start in range(0, len(line), PART_CHARACTERS):
            yield line[start : start + PART_CHARACTERS]
