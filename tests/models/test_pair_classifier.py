"""Pair classifiers: every language model reads a sentence by itself; the classifier is the published one."""

from dataclasses import replace

import pytest
import torch

from onlstm_parse.models import MODELS
from onlstm_parse.models.pair_classifier import PairClassifier
from onlstm_parse.models.pair_classifier_config import PAIR_SIZES

SENTENCES = [torch.tensor(ids) for ids in ([2], [5, 3, 4, 6, 2, 2, 3, 4, 5], [3, 4, 2], [6, 6, 6])]


def classifier(model, layers=1):
    torch.manual_seed(3)
    config = replace(PAIR_SIZES["tiny"], model=model, embedding=8, hidden=12, layers=layers)
    return PairClassifier(config.for_vocabulary(7), 7).eval()


@pytest.mark.parametrize("model", MODELS)
def test_the_vector_of_a_sentence_is_its_own(model):
    network = classifier(model, layers=2)
    together = network.encode(SENTENCES)
    alone = torch.cat([network.encode([sentence]) for sentence in SENTENCES])
    assert together.shape == (4, 12)
    assert torch.allclose(together, alone, atol=1e-5)
    assert not torch.allclose(together[2], together[3], atol=1e-3)


def test_the_last_output_is_the_vector():
    network = classifier("lstm")
    expected = network.encoder(SENTENCES[1].unsqueeze(1)).raw[-1, 0]
    assert torch.allclose(network.encode(SENTENCES)[1], expected, atol=1e-6)


def test_the_published_features():
    network = classifier("lstm")
    h = network.encode(SENTENCES)
    features = torch.cat((h[0], h[1], h[0] * h[1], (h[0] - h[1]).abs())).unsqueeze(0)
    found = network(SENTENCES, torch.tensor([[2, 3], [0, 1]]))
    assert found.shape == (2, 7)
    assert torch.allclose(found[1:], network.classifier(features), atol=1e-6)


def test_all_weights_learn_but_those_of_the_softmax():
    network = classifier("on-lstm").train()
    network(SENTENCES, torch.tensor([[0, 1], [2, 3]])).square().sum().backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == ["encoder.bias"]
    groups = sum(len(group) for group, _ in network.parameter_groups())
    assert groups == len(list(network.parameters()))
