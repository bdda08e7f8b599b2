"""The objective of grammars: which sentences, which loss, and what is refused."""

import json
import math

import numpy as np
import pytest
import torch

import onlstm_parse
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.models.grammar import Grammar
from onlstm_parse.models.grammar_config import GrammarConfig
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.corpus import prepare
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.sentences import SentenceObjective
from onlstm_parse.training.settings import change, defaults_for


@pytest.fixture
def objective(tmp_path):
    """Five training sentences, of which one is too long, and two for validation."""
    train, valid = tmp_path / "train.txt", tmp_path / "valid.txt"
    train.write_text("a b\nb\na b a b a b a\nb b a\na\n")
    valid.write_text("a b a\nb\n")
    text = prepare([train], TextConfig("whitespace", "none"), [valid], cache=tmp_path / "cache")
    torch.manual_seed(1)
    size = len(text.pipeline.vocabulary)
    model = Grammar(GrammarConfig(nonterminals=2, preterminals=3, embedding=4), size)
    return SentenceObjective(model, text, TrainingConfig(batch_size=2, max_length=4, seed=5))


def test_each_pass_has_every_sentence_that_is_short_enough_in_a_new_order(objective, monkeypatch):
    seen = []
    read = objective.train.read
    monkeypatch.setattr(objective.train, "read", lambda chosen: seen.append(chosen.tolist()) or read(chosen))
    for epoch in range(6):
        for number in range(objective.batches(epoch)):
            objective.step(epoch, number)
    passes = [[*one, *other] for one, other in zip(seen[::2], seen[1::2], strict=True)]
    assert objective.batches(0) == 2
    assert all(sorted(one) == [0, 1, 2, 3] for one in passes)
    assert len(set(map(tuple, passes))) > 1
    objective.step(3, 1)
    assert seen[-1] == seen[7]  # known by pass and place alone


def test_the_loss_is_in_nats_a_word_and_end(objective):
    step = objective.step(0, 0)
    words, lengths = objective.train.read(objective._order[1][:2])
    expected = -objective.model(torch.from_numpy(words), lengths).sum() / (len(words) + 2)
    assert step.tokens == len(words) + 2
    assert step.loss.item() == pytest.approx(expected.item())
    assert step.total.item() == step.loss.item()


def test_validation_perplexity_by_hand(objective, monkeypatch):
    losses = [-objective.model(torch.tensor(ids), [len(ids)]).item() for ids in ([2, 3, 2], [3])]
    # ids by frequency: a and b occur 7 times each and keep the order of the text
    assert objective.validate().figure == pytest.approx(math.exp(sum(losses) / (4 + 2)), rel=1e-5)
    monkeypatch.setattr("onlstm_parse.training.sentences.VALIDATION_BATCH", 1)
    assert objective.validate().report["valid_perplexity"] == pytest.approx(
        math.exp(sum(losses) / 6), rel=1e-5
    )
    assert objective.model.training


def test_words_begin_with_their_frequency(objective):
    found = objective.model.emission.bias
    counts = torch.tensor([5.0, 0, 7, 7])
    torch.testing.assert_close(found.softmax(0), (counts + 1) / (counts + 1).sum())


def test_learning_lowers_the_perplexity(text_file, tmp_path, tiny_of):
    settings = {"embedding": 32, "epochs": 3, "learning_rate": 0.02}
    onlstm_parse.train([text_file], tmp_path / "run", **tiny_of("simple-pcfg") | settings)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    figures = [line["valid_perplexity"] for line in lines if line["valid_perplexity"]]
    assert len(figures) == 3
    assert figures[-1] < 14  # the frequencies of words alone give 21


def test_no_sentence_is_short_enough(text_file, tmp_path, tiny_of):
    with pytest.raises(
        OnlstmError, match="no sentence of the training text has 1 words or less; raise --max"
    ):
        onlstm_parse.train([text_file], tmp_path / "run", **tiny_of("simple-pcfg") | {"max_length": 1})


def test_settings_of_a_grammar():
    settings = defaults_for("tiny", model="simple-pcfg")
    assert (settings.model.nonterminals, settings.training.momentum) == (16, 0.75)
    assert settings.kind == "grammar"
    with pytest.raises(UsageError, match="recipe paper is for language models"):
        defaults_for("small", "paper", "simple-pcfg")
    with pytest.raises(UsageError, match="unknown setting 'hidden'"):
        change(settings, hidden=3)
    with pytest.raises(UsageError, match="unknown model 'simple-pfcg'; did you mean simple-pcfg"):
        defaults_for(model="simple-pfcg")
    with pytest.raises(UsageError, match="momentum must be at least 0 and below 1, found 1"):
        change(settings, momentum=1)


def test_the_number_of_words_decides_nothing_here(objective):
    assert np.array_equal(objective.train.lengths, [2, 1, 3, 1])
    assert objective.model.config.for_vocabulary(10**6) == objective.model.config
