"""What every language model promises; a new name in the table is covered automatically."""

from dataclasses import replace

import pytest
import torch

from onlstm_parse.errors import UsageError
from onlstm_parse.models import MODELS
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import SIZES
from onlstm_parse.models.objectives import hidden_words
from onlstm_parse.runs import load_weights, save_weights
from onlstm_parse.text.corpus import PreparedText
from onlstm_parse.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.optimisers import make_optimiser
from onlstm_parse.training.schedule import Average
from onlstm_parse.training.streams import StreamObjective
from onlstm_parse.training.team import Team

WORDS = 23
SMALL = replace(
    SIZES["tiny"],
    embedding=8,
    hidden=12,
    chunk=4,
    kernel=3,
    context=4,
    window=3,
    dropout_embedding=0.3,
    dropout_input=0.3,
    dropconnect=0.3,
)
# What settings make of a model, beside every model as it comes.
VARIANTS = {
    "on-lstm reversed": {"model": "on-lstm", "master_input": "reversed"},
    "on-sru reversed": {"model": "on-sru", "master_input": "reversed"},
    "on-gru reversed": {"model": "on-gru", "master_input": "reversed"},
    "on-lstm-bidirectional max": {"model": "on-lstm-bidirectional", "directions": "max"},
    "rnn-bidirectional tanh": {"model": "rnn-bidirectional", "cell": "tanh"},
    "glu-cnn highway": {"model": "glu-cnn", "gate": "highway"},
    "glu-cnn-dilated highway": {"model": "glu-cnn-dilated", "gate": "highway"},
    "tcn separable": {"model": "tcn", "convolution": "separable"},
    "on-lstm adaptive": {"model": "on-lstm", "softmax": "adaptive"},
}
CONFIGS = {name: replace(SMALL, model=name) for name in MODELS} | {
    name: replace(SMALL, **settings) for name, settings in VARIANTS.items()
}
CAUSAL = [name for name, config in CONFIGS.items() if config.objective == "causal"]
MASKED = [name for name in CONFIGS if name not in CAUSAL]


def make(name):
    torch.manual_seed(0)
    return LanguageModel(CONFIGS[name], WORDS).double().eval()


@pytest.fixture(params=CONFIGS)
def model(request):
    return make(request.param)


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


def test_levels_of_a_layer_need_no_layer_above_it(model):
    whole, lower = model(words()), model(words(), depth=2)
    assert torch.equal(lower.levels, whole.levels[:2])
    for ours, theirs in zip(sum(lower.state, ()), sum(whole.state[:2], ()), strict=True):
        assert torch.equal(ours, theirs)


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


@pytest.mark.parametrize("name", CAUSAL)
def test_a_word_moves_nothing_before_it(name):
    model = make(name)
    before = words()
    after = before.clone()
    after[5] = (after[5] + 1) % WORDS
    a, b = model(before), model(after)
    assert torch.equal(a.hidden[:5], b.hidden[:5])
    assert torch.equal(a.levels[:, :5], b.levels[:, :5])
    assert not torch.equal(a.hidden[5:], b.hidden[5:])


@pytest.mark.parametrize("name", MASKED)
def test_a_hidden_word_moves_nothing(name):
    model = make(name)
    before = words()
    after = before.clone()
    after[5] = (after[5] + 1) % WORDS
    hidden = torch.zeros_like(before, dtype=torch.bool)
    hidden[5] = True
    assert torch.equal(model(before, masked=hidden).hidden, model(after, masked=hidden).hidden)
    seen = model(before).hidden
    assert not torch.isclose(seen, model(after).hidden).all(-1).any(), "a seen word moves both sides"


def test_batch_mates_do_not_see_each_other(model):
    whole = model(words())
    for column in range(3):
        alone = model(words()[:, column : column + 1])
        torch.testing.assert_close(whole.hidden[:, column : column + 1], alone.hidden, rtol=0, atol=1e-12)
        torch.testing.assert_close(whole.levels[..., column : column + 1], alone.levels, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pieces", [(4, 5), (1, 8), (8, 1), (3, 3, 3), (1,) * 9])
@pytest.mark.parametrize("name", CAUSAL)
def test_in_one_piece_or_in_several(name, pieces):
    model = make(name)
    whole = model(words())
    state, hidden, levels = None, [], []
    for piece in words().split(pieces):
        encoded = model(piece, state)
        state = encoded.state
        hidden.append(encoded.hidden)
        levels.append(encoded.levels)
    torch.testing.assert_close(torch.cat(hidden), whole.hidden, rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.cat(levels, 1), whole.levels, rtol=0, atol=1e-12)
    for found, expected in zip(sum(state, ()), sum(whole.state, ()), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_the_state_is_bounded(model):
    state = None
    for _ in range(20):
        state = model(words(), state).state
    assert sum(part.numel() for layer in state for part in layer) < 10_000


def test_saved_and_loaded_is_the_same_to_the_bit(model, tmp_path):
    single = model.float()
    save_weights(single, tmp_path)
    torch.manual_seed(1)
    twin = LanguageModel(model.config, WORDS).eval()
    load_weights(twin, tmp_path)
    a, b = single(words()), twin(words())
    assert torch.equal(a.hidden, b.hidden)
    assert torch.equal(a.levels, b.levels)


def test_the_state_survives_a_checkpoint(model, tmp_path):
    text = PreparedText(None, *[words(40, 1).flatten().numpy()] * 2)
    objectives = [StreamObjective(model, text, TrainingConfig(batch_size=3, bptt=5)) for _ in range(2)]
    optimiser = make_optimiser(model.parameter_groups(), TrainingConfig())
    objectives[0].step(0, 0)
    save_checkpoint(tmp_path, Progress(), objectives[0], optimiser, Average(), Team())
    load_checkpoint(tmp_path, objectives[1], optimiser, Average(), Team())
    state, again = (objective.carried() for objective in objectives)
    assert len(state) >= SMALL.layers
    assert state.keys() == again.keys()
    assert all(torch.equal(again[name], state[name]) for name in state)


def test_gradients_reach_every_parameter_and_levels_can_be_trained(model):
    masked = hidden_words(words(), 2) if model.config.objective == "masked" else None
    encoded = model(words(), masked=masked)
    model.loss(encoded.hidden.flatten(0, 1), words().flatten()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    model.zero_grad()
    model(words()).levels.sum().backward()
    missing = [n for n, p in model.layers[1].named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not missing


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
    scale = exact.hidden.abs().max().clamp(min=1)
    torch.testing.assert_close(low.hidden.double() / scale, exact.hidden / scale, rtol=0.1, atol=0.02)
    again = single(words(), low.state)  # a state from bf16 goes on in fp32
    assert again.hidden.dtype == torch.float32


@pytest.mark.parametrize("embedding", [64, 256])
@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].residual])
def test_residual_models_begin_with_logits_of_variance_1(name, embedding):
    torch.manual_seed(0)
    config = replace(SMALL, model=name, embedding=embedding, hidden=64, embedding_scale=0.2, softmax="full")
    model = LanguageModel(config, 500).eval()
    hidden = model(torch.randint(0, 500, (20, 4))).hidden.flatten(0, 1)
    logits = hidden @ model.embedding.weight.T
    assert logits.var().item() == pytest.approx(1, rel=0.2)


def test_paper_size_has_the_published_25_million_parameters():
    with torch.device("meta"):
        count = LanguageModel(SIZES["paper"], 10_000).parameter_count()
    assert 24.5e6 < count < 26e6


def test_leaving_levels_out_changes_nothing_else(model):
    whole = model(words())
    with model.without_levels():
        spared = model(words())
    assert torch.equal(spared.raw, whole.raw)
    for ours, theirs in zip(sum(spared.state, ()), sum(whole.state, ()), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert spared.levels.shape == whole.levels.shape
    assert torch.equal(model(words()).levels, whole.levels)
