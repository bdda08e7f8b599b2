"""The span parser: scores of spans, and the CRF over all binary trees."""

import math

import pytest
import torch

from onlstm_parse.errors import UsageError
from onlstm_parse.models.span_parser import SpanParser
from onlstm_parse.models.span_parser_config import SpanParserConfig

CONFIG = SpanParserConfig(embedding=6, hidden=5, layers=2, scorer=7)


@pytest.fixture
def model():
    torch.manual_seed(1)
    return SpanParser(CONFIG, 9).double().eval()


def test_scores_depend_on_the_sentence_alone(model):
    one, other = torch.tensor([2, 3, 4, 5]), torch.tensor([6, 7])
    alone = model(other.unsqueeze(1), [2])
    padded = torch.stack((one, torch.tensor([6, 7, 8, 8])), 1)
    together = model(padded, [4, 2])
    assert together.shape == (2, 4, 5)
    torch.testing.assert_close(together[1, :2, :3], alone[0])


def test_a_span_is_read_off_what_is_around_and_in_it(model):
    """A change of a word anywhere moves the score of a span: both directions read the whole sentence."""
    words = torch.tensor([2, 3, 4, 5, 6])
    before = model(words.unsqueeze(1), [5])[0, 1, 3]
    for position in range(5):
        changed = words.clone()
        changed[position] = 8
        assert model(changed.unsqueeze(1), [5])[0, 1, 3] != before


TREES = [[(0, 2), (0, 3)], [(1, 3), (0, 3)], [(1, 3), (1, 4)], [(2, 4), (1, 4)], [(0, 2), (2, 4)]]


@pytest.fixture
def scores():
    torch.manual_seed(1)
    return torch.randn(2, 4, 5, dtype=torch.float64)


@pytest.fixture
def weights(scores):
    """Of each of TREES, in the first sentence."""
    return [math.exp(scores[0, 0, 4] + sum(scores[0][span] for span in tree)) for tree in TREES]


def test_log_trees_sums_over_all_binary_trees(scores, weights):
    found = SpanParser.log_trees(scores, [4, 1])
    assert found[0].item() == pytest.approx(math.log(sum(weights)))
    assert found[1].item() == pytest.approx(0)


@pytest.mark.parametrize("lengths", [[4, 1], [4, 2]])
def test_the_probability_of_a_span_is_the_share_of_the_trees_that_have_it(scores, weights, lengths):
    expected = torch.zeros(4, 5, dtype=torch.float64)
    expected[0, 4] = 1
    for tree, weight in zip(TREES, weights, strict=True):
        for span in tree:
            expected[span] += weight / sum(weights)
    found = SpanParser.probabilities(scores, lengths)
    wide = torch.ones(4, 5, dtype=torch.bool).triu(2)
    torch.testing.assert_close(found[0] * wide, expected)
    assert found[1, 0, 2].item() == pytest.approx(lengths[1] - 1)


def test_one_word_has_no_bracket():
    assert SpanParser.probabilities(torch.ones(1, 1, 2), [1]).abs().sum() == 0


def test_every_parameter_learns(model):
    model.train()
    model(torch.tensor([[2, 3], [4, 5], [6, 7]]), [3, 3])[:, 0, 2].sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_bad_settings():
    with pytest.raises(UsageError, match="hidden must be at least 1, found 0"):
        SpanParserConfig(hidden=0)
    with pytest.raises(UsageError, match="dropout must be at least 0 and below 1, found 1"):
        SpanParserConfig(dropout=1)
