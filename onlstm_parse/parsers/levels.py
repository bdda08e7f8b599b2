"""A language model as a parser: the levels of one of its layers, split into a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from onlstm_parse.errors import UsageError
from onlstm_parse.flat import Span
from onlstm_parse.induction import EXPECTATIONS, SPLITTERS
from onlstm_parse.induction.expected import expectations
from onlstm_parse.parsers.base import Analysis, Parser, in_batches
from onlstm_parse.parsers.charts import best_trees, parts_of, put_together
from onlstm_parse.parsers.punctuation import barred
from onlstm_parse.text.batches import Batch
from onlstm_parse.text.pipeline import Encoded

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from onlstm_parse.models.base import Encoded as Outputs
    from onlstm_parse.runs import Run

# Steps times sentences of a batch, padding included: on a CPU so few that gates stay in its cache.
TOKENS_AT_ONCE = {"cpu": 2048, "cuda": 8192}
STEPS_AT_ONCE = 512  # a longer sentence is read in pieces, with carried state


class LevelParser(Parser):
    """Reads levels off a language model and splits them.

    `rule` is a name in SPLITTERS, such as `token`, which splits the levels of one layer, or in EXPECTATIONS,
    which reads all layers. `layer` counts from 1; `levels` is `mean` or `argmax`. The precision is
    fp32 by default: trees depend on comparisons of levels, and bf16 decides near ties differently.
    """

    def __init__(
        self,
        run: Run,
        rule: str | None = None,
        layer: int | None = None,
        device: str = "auto",
        precision: str = "fp32",
        keep_dropped: bool = True,
        levels: str = "mean",
    ) -> None:
        """Raises UsageError for a layer that the run does not have, and for unknown names."""
        from onlstm_parse.ops.precision import choose_device, choose_precision

        self.rules = [*SPLITTERS, *EXPECTATIONS]
        super().__init__(run.pipeline, rule, keep_dropped)
        self.layers = run.config.model.layers
        if layer is not None and self.rule in EXPECTATIONS:
            remedy = f"leave the layer out, or choose the rule {' or '.join(SPLITTERS)}"
            raise UsageError(f"the rule {self.rule} reads all layers, found layer {layer}", remedy=remedy)
        self._layer = run.config.model.tree_layer if layer is None else layer
        if not 1 <= self._layer <= self.layers:
            raise UsageError(
                f"the run has no layer {self._layer}", remedy=f"choose one of 1 to {self.layers}"
            )
        self.layer = self.layer_of(self.rule)
        self.run, self.levels, self.objective = run, levels, run.config.model.objective
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self.model = run.model.to(self.device).eval()
        self.model.read_levels(levels)

    def layer_of(self, rule: str) -> int | None:
        return None if rule in EXPECTATIONS else self._layer

    def facts(self, rule: str | None = None, layer: int | None = None) -> dict[str, Any]:
        rule = rule or self.rule
        layer_or_all = layer or self.layer_of(rule) or "all"
        return {**super().facts(rule), "layer": layer_or_all, "levels": self.levels}

    def brackets(self, analyses: Sequence[Analysis], rule: str, layer: int | None) -> list[list[Span]]:
        expected = self.expectations(analyses, rule, layer)
        if expected is not None:
            return best_trees(expected, analyses)
        split, at = SPLITTERS[rule], (layer or self._layer) - 1
        found = (levels[at].tolist() for levels in _levels(analyses))
        return [split(levels) if levels else [] for levels in found]

    def expectations(
        self, analyses: Sequence[Analysis], rule: str, layer: int | None
    ) -> list[np.ndarray] | None:
        """The mean over all layers. A sentence of more than 200 words is read in pieces, as by a grammar."""
        if rule not in EXPECTATIONS:
            return None
        sentences = [[parts_of(layer) for layer in levels] for levels in _levels(analyses)]
        assert all(len(layers) == self.layers for layers in sentences), "analysed without all layers"
        found = iter(expectations(rule, [part for layers in sentences for parts in layers for part in parts]))
        by_layer = ([put_together([next(found) for _ in parts]) for parts in layers] for layers in sentences)
        return [sum(charts[1:], start=charts[0]) / len(charts) for charts in by_layer]

    def losses(self, sentences: Sequence[Encoded]) -> list[float]:
        from onlstm_parse.ops.precision import products_in
        from onlstm_parse.parsers.shared_beginnings import sentence_losses

        if self.objective != "causal":
            return super().losses(sentences)
        with products_in(self.precision, self.device):
            return sentence_losses(self.model, [sentence.ids for sentence in sentences])

    def analyse(
        self, sentences: Sequence[Encoded], all_layers: bool = False, with_loss: bool = False
    ) -> list[Analysis]:
        """Each sentence is framed by `<eos>` on both sides and read from a zero state.

        A word of several pieces has the level of its first piece: the boundary before the word.
        """
        from onlstm_parse.ops.memory import return_freed_memory

        depth = None if all_layers or with_loss else self.layer
        found = in_batches(
            sentences,
            TOKENS_AT_ONCE[self.device.type],
            self.objective == "causal",
            lambda inside, batch: self._analyse_batch(inside, batch, depth, with_loss),
        )
        return_freed_memory()
        return found

    def _analyse_batch(
        self, sentences: list[Encoded], batch: Batch, depth: int | None, with_loss: bool
    ) -> list[Analysis]:
        """Put sentences into a frame of steps × columns, padded on the right.

        A causal model never reads the padding. For a masked model all sentences are as long as the frame.
        """
        import numpy as np
        import torch

        from onlstm_parse.text.vocabulary import EOS_ID

        flat = [sentence.ids for sentence in sentences]
        framed = np.full((batch.steps + 1, batch.columns), EOS_ID, dtype=np.int64)
        for column, ids in enumerate(flat):
            framed[1 : len(ids) + 1, column] = ids
        run = self._run if self.objective == "causal" else self._run_masked
        levels, losses = run(torch.from_numpy(framed).to(self.device), depth, with_loss)
        analyses: list[Analysis] = []
        for column, (sentence, ids) in enumerate(zip(sentences, flat, strict=True)):
            starts = accumulate(map(len, sentence.pieces), initial=1)
            first = [start for start, pieces in zip(starts, sentence.pieces, strict=False) if pieces]
            loss = None if losses is None else float(losses[: len(ids) + 1, column].sum())
            own, ruled_out = levels[:, first, column], barred(sentence)
            analyses.append(Analysis([], own, barred=ruled_out, loss=loss, tokens=len(ids) + 1))
        trees = self.brackets(analyses, self.rule, self.layer)
        return [one._replace(brackets=tree) for one, tree in zip(analyses, trees, strict=True)]

    def _run(self, words: Tensor, depth: int | None, with_loss: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """words (T + 1, B) -> levels (K, T, B) of layers 1 to `depth` and, where asked, losses (T, B)."""
        import torch

        from onlstm_parse.ops.precision import products_in

        opened, columns = self._opened, words.shape[1]
        state = [tuple(part.expand(columns, *part.shape[1:]) for part in layer) for layer in opened.state]
        levels, losses = [opened.levels[:depth].float().expand(-1, -1, columns)], []
        with torch.no_grad(), products_in(self.precision, self.device):
            if with_loss:
                losses.append(self.model.token_losses(opened.hidden[0].expand(columns, -1), words[1])[None])
            for start in range(1, len(words) - 1, STEPS_AT_ONCE):
                window = words[start : start + STEPS_AT_ONCE + 1]
                inputs, targets = window[:-1], window[1:]
                encoded = self.model(inputs, state, depth=depth)
                state = encoded.state
                levels.append(encoded.levels.float())
                if with_loss:
                    loss = self.model.token_losses(encoded.hidden.flatten(0, 1), targets.flatten())
                    losses.append(loss.view_as(targets))
        found = torch.cat(losses).double().cpu().numpy() if losses else None
        return torch.cat(levels, dim=1).cpu().numpy(), found

    @cached_property
    def _opened(self) -> Outputs:
        """What the model makes of the opening `<eos>`, with which every sentence begins: read once."""
        import torch

        from onlstm_parse.ops.precision import products_in
        from onlstm_parse.text.vocabulary import EOS_ID

        with torch.no_grad(), products_in(self.precision, self.device):
            return self.model(torch.tensor([[EOS_ID]], device=self.device))

    def _run_masked(
        self, words: Tensor, depth: int | None, with_loss: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The same for a model that reads both ways: whole sentences, each word masked once for its loss."""
        import torch

        from onlstm_parse.models.objectives import MASK_EVERY, hidden_words
        from onlstm_parse.ops.precision import products_in

        losses = torch.zeros(words.shape, device=words.device)
        with torch.no_grad(), products_in(self.precision, self.device):
            levels = self.model(words, depth=depth).levels[:, :-1].float()
            for offset in range(min(MASK_EVERY, len(words)) if with_loss else 0):
                masked = hidden_words(words, offset)
                hidden = self.model(words, masked=masked).hidden[masked]
                losses[masked] = self.model.token_losses(hidden, words[masked]).float()
        found = losses[1:].double().cpu().numpy() if with_loss else None
        return levels.cpu().numpy(), found


def _levels(analyses: Sequence[Analysis]) -> Iterator[np.ndarray]:
    """Those of each sentence, (K, n)."""
    for analysis in analyses:
        assert analysis.levels is not None
        yield analysis.levels
