"""The adaptive softmax: a distribution, PyTorch's own under equal weights, chosen by the number of words."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import onlstm_parse
from onlstm_parse.models import config as model_config
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import SIZES
from onlstm_parse.ops import tied_cross_entropy
from onlstm_parse.ops.adaptive_softmax import cluster_sizes
from onlstm_parse.runs import Run, RunConfig

ADAPTIVE = replace(SIZES["tiny"], embedding=8, hidden=16, chunk=4, softmax="adaptive")


def make(words):
    torch.manual_seed(0)
    return LanguageModel(ADAPTIVE, words).double()


def draw(tokens, words):
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(tokens, 8, generator=generator, dtype=torch.float64).requires_grad_()
    return hidden, torch.randint(0, words, (tokens,), generator=generator)


@given(st.integers(2, 300))
def test_clusters_are_all_words(words):
    sizes = cluster_sizes(words)
    assert sum(sizes) == words
    assert min(sizes) > 0


@pytest.mark.parametrize("words", [2, 7, 200])
def test_probabilities_add_up_to_one(words):
    model, hidden = make(words), draw(1, words)[0]
    losses = model.token_losses(hidden.expand(words, 8), torch.arange(words))
    assert losses.neg().exp().sum().item() == pytest.approx(1)


def test_before_training_rare_words_are_as_likely_as_frequent_ones():
    model = make(200)
    losses = model.token_losses(torch.zeros(200, 8, dtype=torch.float64), torch.arange(200))
    torch.testing.assert_close(losses.exp(), torch.full_like(losses, 200), rtol=1e-6, atol=0)


def test_loss_and_gradients_are_those_of_pytorch():
    """With identity projections and zero biases; rare words have no bias."""
    words, (hidden, targets) = 200, draw(60, 200)
    model, sizes = make(words), cluster_sizes(words)
    model.cluster_bias.data.zero_()
    cutoffs = torch.tensor(sizes).cumsum(0)[:-1].tolist()
    theirs = nn.AdaptiveLogSoftmaxWithLoss(8, words, cutoffs, div_value=1.0).double()
    weights = model.embedding.weight.detach().split(sizes)
    theirs.head.weight.data = torch.cat((weights[0], model.clusters.detach()))
    for part, weight in zip(theirs.tail, weights[1:], strict=True):
        part[0].weight.data, part[1].weight.data = torch.eye(8).double(), weight.clone()
    expected = theirs(hidden, targets)
    loss = model.loss(hidden, targets)
    torch.testing.assert_close(loss, expected.loss)
    torch.testing.assert_close(model.token_losses(hidden, targets), -expected.output)
    ours = torch.autograd.grad(loss, (hidden, model.embedding.weight, model.clusters))
    whole = [theirs.head.weight, *(part[1].weight for part in theirs.tail)]
    d_hidden, d_head, *d_tail = torch.autograd.grad(expected.loss, (hidden, *whole))
    d_words = torch.cat((d_head[: sizes[0]], *d_tail))
    for found, wanted in zip(ours, (d_hidden, d_words, d_head[sizes[0] :]), strict=True):
        torch.testing.assert_close(found, wanted)


def test_a_window_without_rare_words():
    model, hidden = make(200), draw(5, 1)[0]
    loss = model.loss(hidden, torch.zeros(5, dtype=torch.long))
    loss.backward()
    assert loss.isfinite()
    assert not model.embedding.weight.grad[cluster_sizes(200)[0] :].any()


class Largest(TorchDispatchMode):
    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.elements = max(self.elements, *sizes, 0)
        return result


def test_memory_is_that_of_words_and_of_tokens_not_of_their_product(monkeypatch):
    monkeypatch.setattr(tied_cross_entropy, "_rows", lambda weight: 8)
    words, tokens = 2000, 1000
    model, (hidden, targets) = make(words), draw(tokens, words)
    with Largest() as largest:
        model.loss(hidden, targets).backward()
        model.token_losses(hidden, targets)
    assert largest.elements <= 8 * (words + tokens)


@pytest.fixture
def low_limit(monkeypatch):
    monkeypatch.setattr(model_config, "ADAPTIVE_ABOVE", 30)


def test_a_run_trains_resumes_and_keeps_its_softmax(text_file, tiny, tmp_path, low_limit, monkeypatch):
    settings = {**tiny, "epochs": 4}
    run = onlstm_parse.train([text_file], tmp_path / "run", **settings)
    assert RunConfig.load(run.folder).model.softmax == "adaptive"
    reports = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert reports[-1]["valid_perplexity"] < reports[0]["valid_perplexity"] < len(run.pipeline.vocabulary)
    resumed = onlstm_parse.train([text_file], run.folder, resume=True, **settings)
    monkeypatch.setattr(model_config, "ADAPTIVE_ABOVE", 1000)
    hidden, targets = torch.randn(9, 8), torch.arange(9)
    losses = run.model.token_losses(hidden, targets)
    for again in (resumed, Run.load(run.folder)):
        assert torch.equal(again.model.token_losses(hidden, targets), losses)


def test_a_run_from_before_there_was_a_choice(tiny_run, tmp_path, text_file, tiny, monkeypatch):
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    content = json.loads((folder / "config.json").read_text())
    assert content["model"].pop("softmax") == "full"
    (folder / "config.json").write_text(json.dumps(content))
    monkeypatch.setattr(model_config, "ADAPTIVE_ABOVE", 3)
    assert Run.load(folder).model.config.softmax == "full"
    monkeypatch.undo()
    assert onlstm_parse.train([text_file], folder, resume=True, **tiny).config.model.softmax == "full"
