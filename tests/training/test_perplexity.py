"""Perplexities that can be computed by hand, in validation and in evaluation."""

import math
import shutil
from collections import Counter

import numpy as np
import pytest
import torch

import onlstm_parse
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.runs import Run, save_weights
from onlstm_parse.text.batches import Stream
from onlstm_parse.text.vocabulary import EOS_ID
from onlstm_parse.training.validation import validate

WORDS = 7
PROBABILITIES = np.array([4, 2, 2, 1, 1, 1, 5]) / 16
IDS = np.random.default_rng(2).choice(WORDS, 1 + 3 * 25, p=PROBABILITIES)


def unigram(model, probabilities):
    """Make the model ignore what it reads: each word has its own fixed probability."""
    with torch.no_grad():
        model.embedding.weight.zero_()
        model.bias.copy_(torch.from_numpy(probabilities).log())
    return model


@pytest.mark.parametrize("name", ["on-lstm", "on-lstm-bidirectional"])
@pytest.mark.parametrize("bptt", [1, 4, 100])
def test_perplexity_of_a_uniform_model_is_the_number_of_words(name, bptt):
    model = LanguageModel(ModelConfig(model=name, embedding=16, hidden=16, chunk=4, softmax="full"), WORDS)
    model = unigram(model.double(), np.full(WORDS, 1 / WORDS))
    assert validate(model, Stream(IDS, 3, bptt)).figure == pytest.approx(WORDS, rel=1e-12)


@pytest.mark.parametrize("bptt", [1, 4, 100])
def test_validation_counts_every_token_but_the_first_once(bptt):
    model = LanguageModel(ModelConfig(embedding=16, hidden=16, chunk=4, softmax="full"), WORDS)
    model = unigram(model.double(), PROBABILITIES)
    expected = math.exp(-np.log(PROBABILITIES[IDS[1:]]).mean())
    found = validate(model, Stream(IDS, 3, bptt))
    assert found.figure == found.report["valid_perplexity"] == pytest.approx(expected, rel=1e-12)


def test_validation_carries_the_state_and_reads_the_levels_of_the_second_layer():
    torch.manual_seed(0)
    model = LanguageModel(ModelConfig(embedding=16, hidden=16, chunk=4, softmax="full"), WORDS).double()
    model.train()
    columns = torch.from_numpy(IDS[:75].reshape(3, 25).T.copy())
    following = torch.from_numpy(IDS[1:].reshape(3, 25).T.copy())
    found = validate(model, Stream(IDS, 3, 4))
    assert model.training
    model.eval()
    encoded = model(columns)
    loss = model.loss(encoded.hidden.flatten(0, 1), following.flatten())
    assert found.figure == pytest.approx(loss.exp().item(), rel=1e-9)
    levels = encoded.levels[1]
    assert found.report["level_mean"] == round(levels.mean().item(), 4)
    assert found.report["level_spread"] == round(levels.std(unbiased=False).item(), 4)
    assert (found.warning is None) == (levels.std().item() >= 0.01)


@pytest.fixture
def unigram_run(tiny_run, tmp_path):
    """A run whose model gives <eos> a half and all other words the same share of the rest."""
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    run = Run.load(folder)
    probabilities = np.full(len(run.pipeline.vocabulary), 0.5 / (len(run.pipeline.vocabulary) - 1))
    probabilities[EOS_ID] = 0.5
    save_weights(unigram(run.model, probabilities), folder)
    return folder, probabilities


def test_a_sentence_costs_its_words_and_one_eos(unigram_run, tmp_path):
    folder, probabilities = unigram_run
    word = -math.log(probabilities[1])
    sentences = [["The", "old", "dog"], ["Nobody"], [], ["dog", ",", "dog"]]  # the comma is not read
    analyses = onlstm_parse.load(folder).analyse_words(sentences, with_loss=True)
    for analysis, words in zip(analyses, (3, 1, 0, 2), strict=True):
        assert analysis.tokens == words + 1
        assert analysis.loss == pytest.approx(words * word + math.log(2), rel=1e-5)


def test_evaluation_gives_the_perplexity_of_all_words_and_one_eos_a_sentence(unigram_run, tmp_path):
    folder, probabilities = unigram_run
    gold = tmp_path / "gold.mrg"
    gold.write_text(
        "(S (NP (DT The) (JJ old) (NN dog)) (VP (VBD barked)))\n(S (NN Nobody) (VBD left) (. .))\n"
    )
    report = onlstm_parse.evaluate(onlstm_parse.load(folder), gold)
    loss = -(6 * math.log(probabilities[1]) + 2 * math.log(0.5))
    assert report["perplexity"] == pytest.approx(math.exp(loss / 8), rel=1e-5)


def test_a_masked_model_predicts_every_word_and_the_eos_once(text_file, tiny, tmp_path):
    run = onlstm_parse.train([text_file], tmp_path / "run", **tiny, model="on-lstm-bidirectional")
    size = len(run.pipeline.vocabulary)
    unigram(run.model, np.full(size, 1 / size))
    words = ["The", "old", "dog", "barked", "near", "the", "river", "Nobody", "slept"]
    (analysis,) = onlstm_parse.load(run).analyse_words([words], with_loss=True)
    assert analysis.loss == pytest.approx(10 * math.log(size), rel=1e-5)
    assert analysis.tokens == 10


def test_words_that_were_drawn_are_all_there():
    """The text has every word, so an error in any probability shows."""
    assert len(Counter(IDS[1:].tolist())) == WORDS
