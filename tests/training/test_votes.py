"""Grammars that learn with the votes of other parsers as a prior on their trees."""

import numpy as np
import pytest
import torch

from onlstm_parse.models.grammar import Grammar
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.trees import ParsedSentences, ParsedText, flattened
from onlstm_parse.training.votes import VotedObjective, VotedSentences

STRENGTH = 1.5
WORDS = [np.array([2, 3, 2]), np.array([3, 2, 4, 4])]
VOTES = [np.random.default_rng(length).random((length, length + 1)) for length in (3, 4)]


def voted(votes=VOTES):
    return ParsedSentences(WORDS, [flattened(one).astype(np.float16) for one in votes], "print", 0.0)


@pytest.fixture
def objective():
    torch.manual_seed(1)
    model = Grammar(GrammarConfig(nonterminals=3, preterminals=4, embedding=8), 5)
    return VotedObjective(
        model, ParsedText(None, voted(), voted()), TrainingConfig(batch_size=2, vote_strength=STRENGTH)
    )


def test_sentences_with_votes_are_read_as_others():
    sentences = VotedSentences(voted(), STRENGTH)
    assert (len(sentences), sentences.lengths.tolist()) == (2, [3, 4])
    assert sentences.counts(6).tolist() == [2, 0, 3, 2, 2, 0]  # with the ends of sentences
    words, lengths = sentences.read(np.array([1, 0]))
    assert (words.tolist(), lengths) == ([3, 2, 4, 4, 2, 3, 2], [4, 3])


def test_every_span_has_its_votes():
    spans = VotedSentences(voted(), STRENGTH).spans(np.array([1, 0]))
    assert spans.shape == (2, 4, 5)
    for row, votes in zip(spans, (VOTES[1], VOTES[0]), strict=True):
        n = len(votes)
        for start in range(4):
            for stop in range(5):
                inside = start < stop <= n
                expected = STRENGTH * votes[start, stop] if inside else 0.0
                assert row[start, stop].item() == pytest.approx(expected, abs=2e-3)


def test_the_likelihood_counts_votes_as_nats(objective):
    """Of three words, one bracket is free: two trees, whose probabilities are weighed by its votes."""
    words, tree = torch.tensor([2, 3, 2]), torch.full((2, 3, 4), -torch.inf)
    tree[:, 0, 3] = tree[0, 0, 2] = tree[1, 1, 3] = 0.0
    each = objective.model(words.repeat(2), [3, 3], tree)
    whole, left, right = (STRENGTH * VOTES[0][span] for span in ((0, 3), (0, 2), (1, 3)))
    expected = torch.logaddexp(each[0] + left, each[1] + right) + whole
    loss, tokens = objective._loss(objective.train, np.array([0]))
    assert tokens == 4
    assert loss.item() == pytest.approx(-expected.item(), abs=1e-2)


def test_validation_is_without_votes(objective):
    free = -objective.model(torch.from_numpy(np.concatenate(WORDS)), [3, 4]).sum().item()
    assert objective.validate().figure == pytest.approx(np.exp(free / (4 + 5)), rel=1e-5)
