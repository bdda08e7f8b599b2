"""Losses of sentences that begin alike, read together, are those of each sentence read by itself."""

import pytest
import torch

from onlstm_parse.models import CATALOGUE, LANGUAGE_MODEL
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.parsers import shared_beginnings
from onlstm_parse.parsers.shared_beginnings import sentence_losses
from onlstm_parse.text.vocabulary import EOS_ID

WORDS = 30
SENTENCES = [
    [2, 3, 4, 5, 6],
    [2, 3, 4, 9],
    [],
    [2, 3, 4],
    [2, 3, 4, 5, 6],
    [2, 7, 4, 5],
    [8],
    [*range(2, 20)],
    [2, 3, 4, 5, 7],
]
CAUSAL = [name for name, one in CATALOGUE.items() if (one.kind, one.objective) == (LANGUAGE_MODEL, "causal")]


def make(name, softmax="full"):
    torch.manual_seed(0)
    config = ModelConfig(model=name, embedding=16, hidden=16, chunk=4, softmax=softmax)
    return LanguageModel(config, WORDS).double().eval()


def alone(model, ids):
    framed = torch.tensor([EOS_ID, *ids, EOS_ID]).unsqueeze(1)
    with torch.no_grad():
        hidden = model(framed[:-1]).hidden
        return float(model.token_losses(hidden.flatten(0, 1), framed[1:].flatten()).sum())


@pytest.mark.parametrize("name", CAUSAL)
def test_losses_are_those_of_each_sentence_alone(name):
    model = make(name)
    expected = [alone(model, ids) for ids in SENTENCES]
    assert sentence_losses(model, SENTENCES) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("together", [1, 5, 12])
def test_where_the_sentences_are_parted_changes_nothing(together, monkeypatch):
    model = make("on-lstm", softmax="adaptive")
    expected = [alone(model, ids) for ids in SENTENCES]
    monkeypatch.setattr(shared_beginnings, "WORDS_AT_ONCE", together)
    assert sentence_losses(model, SENTENCES) == pytest.approx(expected, rel=1e-9)
    assert sentence_losses(model, []) == []


def test_a_shared_beginning_is_read_once():
    model = make("lstm")
    rows = []
    model.register_forward_pre_hook(lambda _, inputs: rows.append(inputs[0].shape[1]))
    sentence_losses(model, [[2, 3, 4], [2, 3, 5], [2, 3, 4]])
    assert rows == [1, 1, 1, 2]
