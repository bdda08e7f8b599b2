"""The span parser: scores of spans."""

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
