"""The losses of many sentences under a causal model, where sentences that begin alike are read together.

Step t reads the word at t of every distinct beginning once, whatever number of sentences continue it, and
predicts the distinct words that follow. Minimal pairs and sentences made from templates share most of their
words; other sentences lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch

from onlstm_parse.models.base import LanguageModel
from onlstm_parse.text.vocabulary import EOS_ID

# Read together, in order of their ids so that neighbours share beginnings. A memory that grows with the
# words read (attention) holds at most so many of them.
WORDS_AT_ONCE = 16_384

Ids = tuple[int, ...]


@torch.no_grad()
def sentence_losses(model: LanguageModel, sentences: Sequence[Sequence[int]]) -> list[float]:
    """The loss in nats of each sentence, given as ids: of its words and its closing `<eos>`.

    Each starts from a zero state and an opening `<eos>`. `model` is causal and in evaluation mode.
    """
    keys = [tuple(ids) for ids in sentences]
    found: dict[Ids, float] = {}
    with model.without_levels():
        for block in _blocks(sorted(set(keys))):
            found.update(zip(block, _losses(model, block).tolist(), strict=True))
    return [found[key] for key in keys]


def _blocks(sentences: list[Ids]) -> Iterator[list[Ids]]:
    """Parts in order, each of about WORDS_AT_ONCE words."""
    ends = np.cumsum([len(ids) + 1 for ids in sentences]) // WORDS_AT_ONCE
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(sentences)]
    return (sentences[start:stop] for start, stop in pairwise(cuts) if stop > start)


def _losses(model: LanguageModel, sentences: list[Ids]) -> np.ndarray:
    """The losses of sentences (B,). A row of the state belongs to a distinct beginning."""
    device = model.bias.device
    lengths = np.array([len(ids) for ids in sentences])
    framed = np.full((len(sentences), lengths.max() + 2), EOS_ID, dtype=np.int64)
    for row, ids in enumerate(sentences):
        framed[row, 1 : len(ids) + 1] = ids
    losses, state = np.zeros(len(sentences)), model.initial_state(1)
    running, beginnings = np.arange(len(sentences)), np.zeros(len(sentences), dtype=np.int64)
    for step in range(lengths.max() + 1):
        going_on = lengths[running] >= step
        running, beginnings = running[going_on], beginnings[going_on]
        beginnings, earlier, words = _distinct(beginnings, framed[running, step])
        state = [tuple(part[torch.from_numpy(earlier).to(device)] for part in layer) for layer in state]
        encoded = model(torch.from_numpy(words).to(device).unsqueeze(0), state)
        state = encoded.state
        continued, before, following = _distinct(beginnings, framed[running, step + 1])
        hidden = encoded.hidden[0, torch.from_numpy(before).to(device)]
        found = model.token_losses(hidden, torch.from_numpy(following).to(device))
        losses[running] += found.double().cpu().numpy()[continued]
    return losses


def _distinct(rows: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the distinct pairs each pair of a row and a word is; rows and words of the distinct pairs."""
    pairs, which = np.unique(np.stack([rows, words]), axis=1, return_inverse=True)
    return which, *np.ascontiguousarray(pairs)
