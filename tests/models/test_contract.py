"""What every registered language model promises; a new name in the table is covered by being there."""

from dataclasses import replace

import pytest
import torch

from onlstm_parse.errors import UsageError
from onlstm_parse.models import MODELS
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import SIZES

WORDS = 23
SMALL = replace(
    SIZES["tiny"], embedding=8, hidden=12, chunk=4, dropout_embedding=0.3, dropout_input=0.3, dropconnect=0.3
)


@pytest.fixture(params=list(MODELS))
def model(request):
    torch.manual_seed(0)
    return LanguageModel(replace(SMALL, model=request.param), WORDS).double().eval()


def words(steps=9, batch=3):
    return torch.randint(0, WORDS, (steps, batch), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("steps", "batch"), [(9, 3), (1, 1), (1, 4), (5, 1)])
def test_shapes_and_levels(model, steps, batch):
    encoded = model(words(steps, batch))
    assert encoded.hidden.shape == encoded.raw.shape == (steps, batch, SMALL.embedding)
    assert encoded.levels.shape == (SMALL.layers, steps, batch)
    assert torch.all((encoded.levels >= 0) & (encoded.levels <= 1))
    assert len(encoded.state) == SMALL.layers
    assert all(part.shape[0] == batch for layer in encoded.state for part in layer)


def test_hard_levels_are_near_the_soft_ones(model):
    soft = model(words())
    model.read_levels("argmax")
    hard = model(words())
    assert torch.equal(soft.hidden, hard.hidden)
    assert not torch.equal(soft.levels, hard.levels)
    assert torch.all((hard.levels >= 0) & (hard.levels <= 1))
    steps = hard.levels * SMALL.embedding * SMALL.hidden  # whole units of some layer
    torch.testing.assert_close(steps, steps.round())
    with pytest.raises(UsageError, match="did you mean argmax"):
        model.read_levels("argmx")


def test_a_word_moves_nothing_before_it(model):
    before = words()
    after = before.clone()
    after[5] = (after[5] + 1) % WORDS
    a, b = model(before), model(after)
    assert torch.equal(a.hidden[:5], b.hidden[:5])
    assert torch.equal(a.levels[:, :5], b.levels[:, :5])
    assert not torch.equal(a.hidden[5:], b.hidden[5:])


def test_batch_mates_do_not_see_each_other(model):
    whole = model(words())
    for column in range(3):
        alone = model(words()[:, column : column + 1])
        torch.testing.assert_close(whole.hidden[:, column : column + 1], alone.hidden, rtol=0, atol=1e-12)
        torch.testing.assert_close(whole.levels[..., column : column + 1], alone.levels, rtol=0, atol=1e-12)


def test_in_one_piece_or_in_two(model):
    whole = model(words())
    first = model(words()[:4])
    second = model(words()[4:], first.state)
    torch.testing.assert_close(torch.cat((first.hidden, second.hidden)), whole.hidden, rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.cat((first.levels, second.levels), 1), whole.levels, rtol=0, atol=1e-12)


def test_gradients_reach_every_parameter_and_levels_can_be_trained(model):
    encoded = model(words())
    (encoded.hidden @ model.embedding.weight.t() + model.bias).logsumexp(-1).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    model.zero_grad()
    model(words()).levels.sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in model.layers[1].parameters())


def test_training_mode_draws_and_evaluation_does_not(model):
    assert torch.equal(model(words()).hidden, model(words()).hidden)
    model.train()
    assert not torch.equal(model(words()).hidden, model(words()).hidden)


def test_bf16_products_stay_close(model):
    single = LanguageModel(model.config, WORDS).eval()
    single.load_state_dict(model.state_dict())
    with torch.autocast("cpu", torch.bfloat16):
        low = single(words())
    exact = model(words())
    assert low.levels.dtype == torch.float32
    torch.testing.assert_close(low.levels.double(), exact.levels, rtol=0, atol=0.02)
    torch.testing.assert_close(low.hidden.double(), exact.hidden, rtol=0.1, atol=0.02)
    again = single(words(), low.state)  # a state from bf16 goes on in fp32
    assert again.hidden.dtype == torch.float32


@pytest.mark.parametrize("size", SIZES)
def test_sizes_can_be_built(size):
    config = SIZES[size]
    assert config.layer_sizes()[0][0] == config.layer_sizes()[-1][1] == config.embedding
    if size != "paper":
        assert LanguageModel(config, 100).parameter_count() > 0


def test_paper_size_has_the_published_25_million_parameters():
    with torch.device("meta"):
        count = LanguageModel(SIZES["paper"], 10_000).parameter_count()
    assert 24.5e6 < count < 26e6
