"""Text -> levels -> trees: batched by length, streaming, the user's own words in the leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from onlstm_parse.errors import UsageError
from onlstm_parse.induction import SPLITTERS
from onlstm_parse.tree import Tree

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from onlstm_parse.runs import Run
    from onlstm_parse.text.pipeline import Encoded

LINES_AT_ONCE = 2048  # sorted by length together; memory stays constant in the length of a file
# Steps times sentences of a batch, padding included: on a CPU so few that gates stay in its cache.
TOKENS_AT_ONCE = {"cpu": 2048, "cuda": 8192}
STEPS_AT_ONCE = 512  # a longer sentence goes through in pieces, the state carried


def tree_layer(layers: int) -> int:
    """The layer that trees are read from unless asked otherwise: the second of three."""
    return min(2, layers)


class Reading(NamedTuple):
    """What the model makes of a sentence: a level d_f per token and, where asked, a loss.

    The loss is the sum in nats over all tokens and the closing `<eos>`.
    """

    levels: np.ndarray
    loss: float | None


class Parser:
    """A trained run that parses.

    `rule` is `token` or `gap`; `layer` counts from 1; `levels` is `mean` or `argmax`. Words that the
    normalisation drops come back where they cross no bracket, unless `keep_dropped` is False. fp32 by
    default: trees hang on comparisons of levels, and near ties would fall differently in bf16.
    """

    def __init__(
        self,
        run: Run,
        rule: str = "token",
        layer: int | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
        levels: str = "mean",
    ) -> None:
        from onlstm_parse.ops.precision import choose_device, choose_precision

        layers = run.config.model.layers
        self.layer = tree_layer(layers) if layer is None else layer
        if not 1 <= self.layer <= layers:
            raise UsageError(f"the run has no layer {self.layer}", remedy=f"choose one of 1 to {layers}")
        SPLITTERS[rule]  # an unknown rule fails here
        self.run, self.rule, self.keep_dropped = run, rule, keep_dropped
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self.model = run.model.to(self.device).eval()
        self.model.read_levels(levels)
        self.levels = levels
        self._causal = run.config.model.objective == "causal"

    def parse(self, sentence: str) -> Tree:
        """The tree over the words of a raw sentence; its `levels` are None for dropped words."""
        return next(self.parse_lines([sentence]))

    def parse_lines(self, lines: Iterable[str]) -> Iterator[Tree]:
        """One tree a line, in order, in constant memory; an empty line gives the empty tree `(X)`."""
        encode = self.run.pipeline.encode
        return self._parse(encode(line.rstrip("\r\n")) for line in lines)

    def parse_words(self, sentences: Iterable[Sequence[str]]) -> Iterator[Tree]:
        """The same for sentences whose words are given, such as a treebank's."""
        return self._parse(self.run.pipeline.encode_words(words) for words in sentences)

    def _parse(self, sentences: Iterator[Encoded]) -> Iterator[Tree]:
        from onlstm_parse.ops.memory import return_freed_memory

        while chunk := list(islice(sentences, LINES_AT_ONCE)):
            for sentence, reading in zip(chunk, self.read(chunk), strict=True):
                yield self.tree(sentence, reading.levels.tolist())
            return_freed_memory()

    def tree(self, sentence: Encoded, levels: Sequence[float], rule: str | None = None) -> Tree:
        """Split the words that the model saw by their levels and hang the others in."""
        kept = [position for position, pieces in enumerate(sentence.pieces) if pieces]
        spans = SPLITTERS[rule or self.rule](levels) if kept else []
        if not self.keep_dropped or len(kept) == len(sentence.words):
            return Tree.from_spans([sentence.words[position] for position in kept], spans, levels=levels)
        level_of = dict(zip(kept, levels, strict=True))
        return Tree.from_spans(
            sentence.words,
            [(kept[start], kept[stop - 1] + 1) for start, stop in spans],
            levels=[level_of.get(position) for position in range(len(sentence.words))],
        )

    def read(self, sentences: Sequence[Encoded], with_loss: bool = False) -> list[Reading]:
        """Levels of sentences, each framed by `<eos>` on both sides and read from a zero state.

        A word of several pieces has the level of its first: the boundary before the word.
        """
        from onlstm_parse.text.batches import batch_by_length

        readings: dict[int, Reading] = {}
        lengths = [1 + sum(map(len, sentence.pieces)) for sentence in sentences]
        for batch in batch_by_length(lengths, TOKENS_AT_ONCE[self.device.type], padded=self._causal):
            pieces = [sentences[index].pieces for index in batch.sentences]
            found = self._read_batch(pieces, batch.steps, batch.columns, with_loss)
            readings.update(zip(batch.sentences, found, strict=True))
        return [readings[index] for index in range(len(sentences))]

    def _read_batch(
        self, sentences: list[list[list[int]]], steps: int, columns: int, with_loss: bool
    ) -> list[Reading]:
        """Sentences in a frame of steps × columns, padded on the right, where a causal model never looks.

        Those of a model that looks there are as long as the frame.
        """
        import numpy as np
        import torch

        from onlstm_parse.text.vocabulary import EOS_ID

        flat = [[index for pieces in sentence for index in pieces] for sentence in sentences]
        framed = np.full((steps + 1, columns), EOS_ID, dtype=np.int64)
        for column, ids in enumerate(flat):
            framed[1 : len(ids) + 1, column] = ids
        run = self._run if self._causal else self._run_masked
        levels, losses = run(torch.from_numpy(framed).to(self.device), with_loss)
        readings = []
        for column, (sentence, ids) in enumerate(zip(sentences, flat, strict=True)):
            starts = accumulate(map(len, sentence), initial=1)
            first = [start for start, pieces in zip(starts, sentence, strict=False) if pieces]
            loss = None if losses is None else float(losses[: len(ids) + 1, column].sum())
            readings.append(Reading(levels[first, column], loss))
        return readings

    def _run(self, words: Tensor, with_loss: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """words (T + 1, B) -> levels (T, B) of the tree layer and, where asked, losses (T, B)."""
        import torch

        from onlstm_parse.ops.precision import products_in

        levels, losses, state = [], [], None
        depth = None if with_loss else self.layer
        with torch.no_grad(), products_in(self.precision, self.device):
            for start in range(0, len(words) - 1, STEPS_AT_ONCE):
                window = words[start : start + STEPS_AT_ONCE + 1]
                inputs, targets = window[:-1], window[1:]
                encoded = self.model(inputs, state, depth=depth)
                state = encoded.state
                levels.append(encoded.levels[self.layer - 1].float())
                if with_loss:
                    loss = self.model.token_losses(encoded.hidden.flatten(0, 1), targets.flatten())
                    losses.append(loss.view_as(targets))
        return torch.cat(levels).cpu().numpy(), torch.cat(losses).double().cpu().numpy() if losses else None

    def _run_masked(self, words: Tensor, with_loss: bool) -> tuple[np.ndarray, np.ndarray]:
        """The same for a model that reads both ways: whole sentences, each word hidden once for its loss."""
        import torch

        from onlstm_parse.models.objectives import MASK_EVERY, hidden_words
        from onlstm_parse.ops.precision import products_in

        losses = torch.zeros(words.shape, device=words.device)
        with torch.no_grad(), products_in(self.precision, self.device):
            levels = self.model(words, depth=self.layer).levels[self.layer - 1, :-1].float()
            for offset in range(min(MASK_EVERY, len(words)) if with_loss else 0):
                masked = hidden_words(words, offset)
                hidden = self.model(words, masked=masked).hidden[masked]
                losses[masked] = self.model.token_losses(hidden, words[masked]).float()
        return levels.cpu().numpy(), losses[1:].double().cpu().numpy()


def load(folder: str | Path, **settings: Any) -> Parser:
    """The parser of a run folder; `settings` as for `Parser`. Raises OnlstmError, FormatError."""
    from onlstm_parse.runs import Run

    return Parser(Run.load(folder), **settings)
