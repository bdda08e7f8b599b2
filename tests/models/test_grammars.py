"""What every grammar promises, and the equations of each."""

import pytest
import torch

from onlstm_parse.errors import UsageError
from onlstm_parse.models import GRAMMARS
from onlstm_parse.models.grammar import NETWORKS_LR_SCALE, Grammar
from onlstm_parse.models.grammar_config import DENSE_SIZES, GRAMMAR_SIZES, GrammarConfig
from onlstm_parse.models.neural_pcfg import NeuralPcfg
from onlstm_parse.models.simple_pcfg import SimplePcfg
from onlstm_parse.text.vocabulary import EOS_ID

WORDS = 7


@pytest.fixture(params=GRAMMARS)
def model(request):
    torch.manual_seed(1)
    config = GrammarConfig(request.param, nonterminals=3, preterminals=4, embedding=8, latent=3)
    return Grammar(config, WORDS).double().eval()


def test_probabilities_of_short_sentences(model):
    """All sentences together have no more probability than 1; batches change nothing."""
    total = 0.0
    for length in (1, 2, 3):
        words = torch.cartesian_prod(*[torch.arange(EOS_ID + 1, WORDS)] * length).view(-1, length)
        batch = model(words.flatten(), [length] * len(words)).exp()
        total += batch.sum().item()
        alone = model(words[5], [length]).exp().item()
        assert alone == pytest.approx(batch[5].item())
    assert 0 < total < 1


def test_what_sentences_share_can_be_computed_once(model):
    words, shared = torch.tensor([1, 2, 3, 4, 5, 6]), model.shared()
    for part, lengths in ((words, [3, 2, 1]), (words[:2], [2])):
        torch.testing.assert_close(model(part, lengths, shared=shared), model(part, lengths))


def test_emissions_of_a_preterminal_sum_to_1(model):
    words = torch.arange(EOS_ID + 1, WORDS)
    torch.testing.assert_close(model.emission(words).exp().sum(0), torch.ones(4, dtype=torch.float64))


def test_simple_pcfg_has_a_distribution_of_each_child():
    torch.manual_seed(1)
    model = SimplePcfg(GrammarConfig(nonterminals=3, preterminals=4, embedding=8), WORDS).double()
    rules = model.rules()
    assert (rules.left.shape, rules.right.shape, rules.root.shape) == ((3, 7), (3, 7), (7,))
    for part in rules:
        torch.testing.assert_close(part.sum(-1), torch.ones(part.shape[:-1], dtype=torch.float64))
        assert (part > 0).all()
    left = model.networks["parent_left"](model.above) @ model.networks["left"](model.below).T
    torch.testing.assert_close(rules.left, (left / 8**0.5).softmax(-1), rtol=0, atol=1e-6)


def test_neural_pcfg_has_a_distribution_of_pairs_of_children():
    torch.manual_seed(1)
    config = GrammarConfig("neural-pcfg", nonterminals=3, preterminals=4, embedding=8)
    model = NeuralPcfg(config, WORDS).double()
    binary, root = model.rules()
    assert (binary.shape, root.shape) == ((3, 7, 7), (7,))
    torch.testing.assert_close(binary.sum((1, 2)), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(root.sum(), torch.ones((), dtype=torch.float64))
    scores = model.parents @ model.children_pairs.T / 8**0.5 + model.pair_bias
    torch.testing.assert_close(binary.flatten(1), scores.softmax(-1), rtol=0, atol=1e-6)


def test_every_parameter_learns(model):
    words = torch.tensor([1, 2, 3, 4, 5, 6])
    (-model(words, [3, 2, 1]).sum()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_networks_learn_more_slowly_than_embeddings(model):
    (own, one), (shared, scale) = model.parameter_groups()
    assert (one, scale) == (1.0, NETWORKS_LR_SCALE)
    assert sorted(map(id, own + shared)) == sorted(map(id, model.parameters()))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert all("network" in names[id(parameter)] for parameter in shared)
    assert not any("network" in names[id(parameter)] for parameter in own)


def test_sizes_and_their_errors():
    assert [size.nonterminals for size in GRAMMAR_SIZES.values()] == [16, 256, 4096]
    assert [size.nonterminals for size in DENSE_SIZES.values()] == [8, 30, 30]
    with pytest.raises(UsageError, match="nonterminals must be at least 1, found 0"):
        GrammarConfig(nonterminals=0)
    with pytest.raises(UsageError, match="latent must be at least 1, found 0"):
        GrammarConfig("compound-pcfg", latent=0)
    with pytest.raises(UsageError, match="unknown grammar 'simple-pfcg'; did you mean simple-pcfg"):
        GrammarConfig("simple-pfcg")
