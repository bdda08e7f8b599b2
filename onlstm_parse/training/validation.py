"""Perplexity on held-out text, and whether the levels still differ from token to token."""

from __future__ import annotations

import math

import torch

from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.objectives import MASK_EVERY, predict
from onlstm_parse.text.batches import Stream
from onlstm_parse.training.objective import Validation
from onlstm_parse.training.team import Team

# A run on the Penn Treebank text had 0.15 to 0.21; the threshold itself is a judgement.
SATURATED_SPREAD = 0.01


@torch.no_grad()
def validate(model: LanguageModel, stream: Stream) -> Validation:
    """One pass over `stream` with carried state, dropout off; each process of the team reads its columns.

    The figure is the perplexity (pseudo- for a masked model); the report adds mean and standard deviation
    of the levels of the layer that trees are read from.
    """
    was_training, device = model.training, model.bias.device
    model.eval()
    layer = model.config.tree_layer - 1
    state, loss, predicted, read = None, 0.0, 0.0, 0.0
    levels_sum = squares_sum = 0.0
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
    sums = Team().sum(loss, predicted, read, levels_sum, squares_sum)
    loss, predicted, read, levels_sum, squares_sum = sums
    mean = levels_sum / read
    spread = math.sqrt(max(squares_sum / read - mean * mean, 0.0))
    perplexity = math.exp(min(loss / predicted, 700.0))
    report = {
        "valid_perplexity": perplexity,
        "level_mean": round(mean, 4),
        "level_spread": round(spread, 4),
    }
    return Validation(perplexity, report, _warning(mean, spread))


def _warning(mean: float, spread: float) -> str | None:
    """What to tell the user where levels are nearly constant over tokens."""
    if spread >= SATURATED_SPREAD:
        return None
    return (
        f"levels are nearly the same for every token (mean {mean:.3f}, standard deviation {spread:.4f}), "
        "so trees say little; train longer, or try a smaller --chunk, --master-input reversed, a lower "
        "--learning-rate or another --tokeniser"
    )
