"""What a language model predicts: the next word, or masked words.

A masked model reads a learnt vector in place of a masked word, and predicts the word from both sides. Its
perplexity is a pseudo-perplexity and cannot be compared with that of a causal model.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from onlstm_parse.models.base import Encoded, LanguageModel, State

MASK_EVERY = 7  # about the 15 % of Devlin et al. 2019


class Predictions(NamedTuple):
    """The encoded window, and which hidden states predict which words."""

    encoded: Encoded
    hidden: Tensor  # (N, E)
    words: Tensor  # (N,)


def predict(
    model: LanguageModel, inputs: Tensor, targets: Tensor, state: State | None, offset: int | None = None
) -> Predictions:
    """Run the model on inputs (T, B) and the words after them (T, B). `offset` is as in `hidden_words`."""
    if model.config.objective == "causal":
        encoded = model(inputs, state)
        return Predictions(encoded, encoded.hidden.flatten(0, 1), targets.flatten())
    masked = hidden_words(inputs, offset)
    encoded = model(inputs, state, masked)
    return Predictions(encoded, encoded.hidden[masked], inputs[masked])


def hidden_words(inputs: Tensor, offset: int | None) -> Tensor:
    """Choose the words (T, B) to mask: a random seventh, or with `offset` every seventh step from there on.

    At least one word is masked. The offsets 0 to 6 together mask every word once.
    """
    if offset is None:
        masked = torch.rand(inputs.shape, device=inputs.device) < 1 / MASK_EVERY
        masked[torch.randint(len(inputs), ()), torch.randint(inputs.shape[1], ())] = True
        return masked
    steps = torch.arange(len(inputs), device=inputs.device)
    return (steps % MASK_EVERY == offset).unsqueeze(1).expand_as(inputs)
