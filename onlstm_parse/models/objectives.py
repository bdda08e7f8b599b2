"""What a model is trained to predict: the next word, or words hidden in the midst of others.

A masked model sees a learnt vector in place of a hidden word. Its perplexity, over hidden words given
the words on both sides, is a pseudo-perplexity: no rival of a causal model's.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from onlstm_parse.models.base import Encoded, LanguageModel, State

MASK_EVERY = 7  # about the 15 % of Devlin et al. 2019


class Predictions(NamedTuple):
    """What was made of a window, and what predicts which words."""

    encoded: Encoded
    hidden: Tensor  # (N, E)
    words: Tensor  # (N,)


def predict(
    model: LanguageModel, inputs: Tensor, targets: Tensor, state: State | None, offset: int | None = None
) -> Predictions:
    """Run a window, inputs and the words after them, both (T, B); see `hidden_words` for `offset`."""
    if model.config.objective == "causal":
        encoded = model(inputs, state)
        return Predictions(encoded, encoded.hidden.flatten(0, 1), targets.flatten())
    masked = hidden_words(inputs, offset)
    encoded = model(inputs, state, masked)
    return Predictions(encoded, encoded.hidden[masked], inputs[masked])


def hidden_words(inputs: Tensor, offset: int | None) -> Tensor:
    """Which of the words (T, B) to hide: a random seventh, or with `offset` every seventh from there on.

    At least one; the offsets 0 to 6 together hide every word once.
    """
    if offset is None:
        masked = torch.rand(inputs.shape, device=inputs.device) < 1 / MASK_EVERY
        masked[torch.randint(len(inputs), ()), torch.randint(inputs.shape[1], ())] = True
        return masked
    steps = torch.arange(len(inputs), device=inputs.device)
    return (steps % MASK_EVERY == offset).unsqueeze(1).expand_as(inputs)
