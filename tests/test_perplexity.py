"""Perplexity of raw text: that of training's validation, and figures that can be computed by hand."""

import json
import math
from copy import deepcopy

import numpy as np
import pytest
import torch

import onlstm_parse
from onlstm_parse.display.perplexity import perplexity_table
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.models import CATALOGUE, LANGUAGE_MODEL
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.likelihoods import LIKELIHOODS
from onlstm_parse.perplexity import measure_text
from onlstm_parse.runs import METRICS
from onlstm_parse.text.batches import Stream
from onlstm_parse.training.dynamic import dynamic_perplexity
from onlstm_parse.training.validation import validate

WORDS = 7
IDS = np.random.default_rng(2).integers(0, WORDS, 60)


def reported(folder):
    """The best validation perplexity of a training, whose weights the run has."""
    lines = (folder / METRICS).read_text().splitlines()
    return min(one for line in lines if (one := json.loads(line)["valid_perplexity"]))


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "valid.txt"
    path.write_text("The old dog slept.\nA cat barked!\n,\nNobody left.\n" * 9, encoding="utf-8")
    return path


@pytest.mark.parametrize("model", ["on-lstm", "on-lstm-bidirectional", "simple-pcfg", "compound-pcfg"])
def test_it_is_what_training_reports(model, text_file, held_out, tiny_of, tmp_path):
    folder = tmp_path / "run"
    run = onlstm_parse.train([text_file], folder, valid=held_out, **tiny_of(model), precision="fp32")
    report = measure_text(onlstm_parse.load(run), held_out)
    assert report["perplexity"] == pytest.approx(reported(folder), rel=1e-6)
    assert report["objective"] == CATALOGUE[model].objective
    assert ("carried_perplexity" in report) == (CATALOGUE[model].kind == LANGUAGE_MODEL)
    assert report["sentences"] == 27  # a line of a comma alone is not read
    assert report["bits_per_character"] is None
    table = perplexity_table(report)
    assert LIKELIHOODS[CATALOGUE[model].objective].note in table
    assert f"{report['sentence_perplexity']:.2f}" in table
    if model != "on-lstm":
        with pytest.raises(UsageError, match="language models that predict the next word"):
            measure_text(onlstm_parse.load(run), held_out, dynamic=0.1)


def uniform(run):
    """The run, with a model that gives the same probability to every form."""
    with torch.no_grad():
        run.model.embedding.weight.zero_()
        run.model.bias.zero_()
    return run


@pytest.mark.parametrize("tokeniser", ["characters", "sentencepiece"])
def test_bits_per_character_of_a_uniform_model(tokeniser, text_file, held_out, tiny, tmp_path):
    settings = {"tokeniser": tokeniser, "normalisation": "none", "pieces": 60, "precision": "fp32"}
    run = uniform(onlstm_parse.train([text_file], tmp_path / "run", **tiny, **settings))
    report = measure_text(onlstm_parse.load(run), held_out)
    size = len(run.pipeline.vocabulary)
    lines = held_out.read_text().splitlines()
    predictions = sum(len(run.pipeline.encode(line).ids) + 1 for line in lines)
    assert report["tokens"] == predictions
    assert report["characters"] == sum(len(line) + 1 for line in lines)
    assert report["perplexity"] == pytest.approx(size, rel=1e-5)
    assert report["sentence_perplexity"] == pytest.approx(size, rel=1e-5)
    expected = predictions * math.log2(size) / report["characters"]
    assert report["bits_per_character"] == pytest.approx(expected, rel=1e-5)


def test_text_may_be_several_files(tiny_run, text_file, held_out):
    parser = onlstm_parse.load(tiny_run)
    one, both = measure_text(parser, held_out), measure_text(parser, [held_out, text_file])
    assert both["sentences"] == one["sentences"] + 400
    assert both["text"] == [str(held_out), str(text_file)]


def test_text_that_normalisation_empties(tiny_run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(", .\n", encoding="utf-8")
    with pytest.raises(OnlstmError, match=r"text.txt: expected text, found nothing that normalisation keeps"):
        measure_text(onlstm_parse.load(tiny_run), path)


def make():
    torch.manual_seed(0)
    return LanguageModel(ModelConfig(embedding=16, hidden=16, chunk=4, softmax="full"), WORDS).double()


def test_weights_that_do_not_move_are_validation():
    model, stream = make(), Stream(IDS, 1, 7)
    assert dynamic_perplexity(model, stream, 0.0) == pytest.approx(validate(model, stream).figure, rel=1e-12)


def test_a_window_is_predicted_before_the_weights_have_seen_it():
    """By hand, in two windows of one step: the second is predicted by weights moved along the gradient."""
    model, rate = make(), 0.5
    first, second = torch.tensor([[2]]), torch.tensor([[3]])
    moved = deepcopy(model).eval()
    encoded = moved(first)
    loss = moved.loss(encoded.hidden.flatten(0, 1), torch.tensor([3]))
    loss.backward()
    with torch.no_grad():
        for parameter in moved.parameters():
            if parameter.grad is not None:
                parameter -= rate * parameter.grad
        state = [tuple(part.detach() for part in layer) for layer in encoded.state]
        later = moved.loss(moved(second, state).hidden.flatten(0, 1), torch.tensor([5]))
    expected = math.exp((float(loss.detach()) + float(later)) / 2)
    before = deepcopy(model.state_dict())
    assert dynamic_perplexity(model, Stream(np.array([2, 3, 5]), 1, 1), rate) == pytest.approx(expected)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_text_that_repeats_itself_is_learnt_while_it_is_read():
    model, stream = make(), Stream(np.tile([2, 3, 4, 5], 30), 1, 8)
    assert dynamic_perplexity(model, stream, 0.5) < validate(model, stream).figure - 1


@pytest.mark.parametrize(
    ("rate", "message"), [(-1.0, "0 or more"), (math.nan, "0 or more"), (1e300, "--dynamic-rate")]
)
def test_rates_that_cannot_be(rate, message):
    with pytest.raises(OnlstmError, match=message):
        dynamic_perplexity(make(), Stream(IDS, 1, 7), rate)
