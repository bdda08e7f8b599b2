"""The compound PCFG: its bound against the exact likelihood, and against the neural PCFG."""

import math

import pytest
import torch

from onlstm_parse.models import compound_pcfg
from onlstm_parse.models.compound_pcfg import CompoundPcfg, Posterior
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.models.neural_pcfg import NeuralPcfg

SIZE = {"nonterminals": 2, "preterminals": 3, "embedding": 4}
WORDS, LENGTHS = torch.tensor([1, 2, 3, 4, 2, 3, 1]), [3, 1, 2, 1]
VOCABULARY = 5


@pytest.fixture
def model():
    return made(latent=1)


def made(latent):
    """A grammar whose rules depend on z; it reads sentences without sampling."""
    torch.manual_seed(1)
    model = CompoundPcfg(GrammarConfig("compound-pcfg", **SIZE, latent=latent), VOCABULARY).double().eval()
    torch.nn.init.normal_(model.latent_pairs)
    with torch.no_grad():
        for weight in (model.latent_root_network.weight, model.latent_words_network.weight):
            weight *= 0.3
    return model


def read_as(model, mean, log_variance):
    """Let q be the same for every sentence."""
    ends = model.inference_network.ends
    torch.nn.init.zeros_(ends.weight)
    with torch.no_grad():
        ends.bias.copy_(torch.tensor([mean, log_variance]))


def given(model, z):
    """log p(x | z) of a sentence of three words."""
    read_as(model, z, 0.0)
    return model(WORDS[:3], [3]).item() + z**2 / 2


def normal(z, mean, deviation):
    return math.exp(-(((z - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))


def test_divergence_by_hand():
    mean, variance = [0.5, -2.0], [0.25, 3.0]
    found = Posterior(torch.tensor([mean]), torch.tensor([variance]).log()).divergence()
    expected = sum((v + m * m - 1 - math.log(v)) / 2 for m, v in zip(mean, variance, strict=True))
    assert found.tolist() == [pytest.approx(expected, rel=1e-6)]
    assert Posterior(torch.zeros(2, 3), torch.zeros(2, 3)).divergence().tolist() == [0.0, 0.0]


def test_the_bound_is_below_the_likelihood_and_samples_agree_with_it(model):
    """z has one unit, so both are integrals that sums over a grid give."""
    step, mean, deviation = 0.1, 0.7, 0.6
    grid = [step * k for k in range(-60, 61)]
    likelihoods = [given(model, z) for z in grid]
    exact = math.log(
        sum(step * normal(z, 0, 1) * math.exp(one) for z, one in zip(grid, likelihoods, strict=True))
    )
    expected = sum(step * normal(z, mean, deviation) * one for z, one in zip(grid, likelihoods, strict=True))
    bound = expected - (mean**2 + deviation**2 - 1 - 2 * math.log(deviation)) / 2
    assert bound < exact
    read_as(model, mean, 2 * math.log(deviation))
    sampled = model.train()(WORDS[:3].repeat(3000), [3] * 3000)
    error = (sampled.std() / 3000**0.5).item()
    assert 0.01 < error < 0.05
    assert sampled.mean().item() == pytest.approx(bound, abs=4 * error)


def test_without_weights_of_z_it_is_the_neural_pcfg():
    torch.manual_seed(2)
    neural = NeuralPcfg(GrammarConfig("neural-pcfg", **SIZE), VOCABULARY).double()
    model = made(latent=3)
    missing, unexpected = model.load_state_dict(neural.state_dict(), strict=False)
    assert not unexpected
    assert all("latent" in name or name.startswith("inference_network") for name in missing)
    for weight in (model.latent_pairs, model.latent_root_network.weight, model.latent_words_network.weight):
        torch.nn.init.zeros_(weight)
    divergence = model.inference_network(WORDS, LENGTHS).divergence()
    assert (divergence > 0).all()
    torch.testing.assert_close(model(WORDS, LENGTHS) + divergence, neural(WORDS, LENGTHS))


def test_z_changes_rules_roots_and_words():
    """Each alone changes the likelihood of a sentence."""
    for kept in ("latent_pairs", "latent_root_network.weight", "latent_words_network.weight"):
        model = made(latent=1)
        for name, weight in model.named_parameters():
            if name.startswith("latent") and name != kept:
                torch.nn.init.zeros_(weight)
        assert abs(given(model, 1.0) - given(model, -1.0)) > 1e-3


def test_words_have_a_distribution_in_every_sentence():
    model, z = made(latent=3), torch.randn(1, 3, dtype=torch.float64)
    words = torch.arange(1, VOCABULARY)
    found = model.emission.by_sentence(words, [len(words)], model.latent_words_network(z).unsqueeze(1))
    torch.testing.assert_close(found.exp().sum(0), torch.ones(3, dtype=torch.float64))


def test_gradients_reach_the_inference_network_through_the_likelihood():
    model = made(latent=3).train()
    posterior = model.inference_network(WORDS, LENGTHS)
    torch.manual_seed(3)
    likelihood = model(WORDS, LENGTHS) + posterior.divergence()
    inside = list(model.inference_network.parameters())
    for gradient in torch.autograd.grad(likelihood.sum(), inside):
        assert gradient.abs().sum() > 1e-6


@pytest.mark.parametrize("viterbi", [False, True])
def test_many_sentences_are_read_in_parts(viterbi, monkeypatch):
    model = made(latent=3)
    spans = torch.randn(4, 3, 4, dtype=torch.float64, requires_grad=True)

    def found():
        scores = model(WORDS, LENGTHS, spans, viterbi)
        return scores, *torch.autograd.grad(scores.sum(), (spans, *model.parameters()))

    whole = found()
    monkeypatch.setattr(compound_pcfg, "SENTENCES_AT_ONCE", 2)
    for ours, theirs in zip(found(), whole, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_draws_follow_the_seed_and_only_training_draws():
    model = made(latent=3)
    assert torch.equal(model(WORDS, LENGTHS), model(WORDS, LENGTHS))
    model.train()
    torch.manual_seed(4)
    first, second = model(WORDS, LENGTHS), model(WORDS, LENGTHS)
    torch.manual_seed(4)
    assert torch.equal(model(WORDS, LENGTHS), first)
    assert not torch.equal(first, second)


def test_the_inference_network_reads_as_an_lstm_of_torch():
    network = made(latent=3).inference_network
    sentences = network.words(WORDS).split(LENGTHS)
    packed, _ = network.lstm(torch.nn.utils.rnn.pack_sequence(sentences, enforce_sorted=False))
    padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(packed)
    largest = torch.stack([padded[:length, row].amax(0) for row, length in enumerate(lengths)])
    found = network(WORDS, LENGTHS)
    torch.testing.assert_close(torch.cat((found.mean, found.log_variance), 1), network.ends(largest))
