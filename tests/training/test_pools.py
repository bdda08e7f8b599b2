"""Grammars whose trees come from a pool of brackets."""

import numpy as np
import pytest
import torch

from onlstm_parse.models.grammar import Grammar
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.pools import PENALTY, PooledObjective, PooledSentences
from onlstm_parse.training.trees import ParsedSentences, ParsedText

WORDS = [np.array([2, 3, 2]), np.array([3, 2, 4, 4])]
BRACKETS = [np.array([[0, 3], [1, 3]]), np.array([[0, 4], [0, 2], [2, 4], [1, 4]])]


@pytest.fixture
def objective():
    torch.manual_seed(1)
    model = Grammar(GrammarConfig(nonterminals=3, preterminals=4, embedding=8), 5)
    side = ParsedSentences(WORDS, BRACKETS, "print", 0.0)
    return PooledObjective(model, ParsedText(None, side, side), TrainingConfig(batch_size=2))


def test_sentences_of_a_pool_are_read_as_others():
    sentences = PooledSentences(ParsedSentences(WORDS, BRACKETS, "print", 0.0))
    assert (len(sentences), sentences.lengths.tolist()) == (2, [3, 4])
    assert sentences.counts(6).tolist() == [0, 0, 3, 2, 2, 0]
    words, lengths = sentences.read(np.array([1, 0]))
    assert (words.tolist(), lengths) == ([3, 2, 4, 4, 2, 3, 2], [4, 3])


def test_brackets_outside_the_pool_cost():
    spans = PooledSentences(ParsedSentences(WORDS, BRACKETS, "print", 0.0)).spans(np.array([1, 0]))
    assert spans.shape == (2, 4, 5)
    assert {tuple(place) for place in (spans[1] == 0).nonzero().tolist()} == {(0, 3), (1, 3)}
    assert (spans[0] == 0).sum() == 4
    assert set(spans.unique().tolist()) == {0.0, -PENALTY}


def test_the_likelihood_is_that_of_trees_in_the_pool(objective):
    """The first sentence has one tree of its pool: forbid the other, and nearly nothing changes."""
    words = torch.tensor([2, 3, 2])
    only = torch.full((1, 3, 4), -torch.inf)
    only[0, [0, 1], [3, 3]] = 0.0
    loss, tokens = objective._loss(objective.train, np.array([0]))
    assert tokens == 4
    assert loss.item() == pytest.approx(-objective.model(words, [3], only).item(), abs=1e-3)
    assert loss.item() > -objective.model(words, [3]).item() + 0.01


def test_validation_is_by_the_same_likelihood(objective):
    losses = [objective._loss(objective.train, np.array([index]))[0].item() for index in (0, 1)]
    assert objective.validate().figure == pytest.approx(np.exp(sum(losses) / (4 + 5)), rel=1e-5)
