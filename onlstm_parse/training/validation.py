"""Perplexity on held-out text, and whether the levels still say anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.objectives import MASK_EVERY, predict
from onlstm_parse.ops.precision import products_in
from onlstm_parse.parser import tree_layer
from onlstm_parse.text.batches import Stream

# A run on the Penn Treebank text had 0.15 to 0.21; the threshold itself is a judgement.
SATURATED_SPREAD = 0.01


@dataclass(frozen=True)
class Validation:
    """Perplexity (pseudo- for a masked model), and mean and standard deviation of the tree layer's levels."""

    perplexity: float
    level_mean: float
    level_spread: float

    def warning(self) -> str | None:
        """What to tell the user where levels are nearly constant over tokens."""
        if self.level_spread >= SATURATED_SPREAD:
            return None
        return (
            f"levels are nearly the same for every token (mean {self.level_mean:.3f}, standard deviation "
            f"{self.level_spread:.4f}), so trees say little; train longer, or try a smaller --chunk, "
            "--master-input reversed, a lower --learning-rate or another --tokeniser"
        )


@torch.no_grad()
def validate(model: LanguageModel, stream: Stream, device: torch.device, precision: str) -> Validation:
    """One pass over `stream` with carried state, dropout off."""
    was_training = model.training
    model.eval()
    layer = tree_layer(model.config.layers) - 1
    state, loss, predicted, read = None, 0.0, 0, 0
    levels_sum = squares_sum = 0.0
    with products_in(precision, device):
        for step in range(stream.steps):
            inputs, targets = (torch.from_numpy(part).to(device) for part in stream.window(step))
            offset = min(step % MASK_EVERY, len(inputs) - 1)
            encoded, hidden, words = predict(model, inputs, targets, state, offset)
            state = encoded.state
            loss += len(words) * float(model.loss(hidden, words))
            predicted += len(words)
            levels = encoded.levels[layer].double()
            read += levels.numel()
            levels_sum += float(levels.sum())
            squares_sum += float(levels.square().sum())
    model.train(was_training)
    mean = levels_sum / read
    spread = math.sqrt(max(squares_sum / read - mean * mean, 0.0))
    return Validation(math.exp(min(loss / predicted, 700.0)), mean, spread)
