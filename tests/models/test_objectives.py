"""Masked models: each word is hidden once. A run from training to scores."""

import math

import pytest
import torch

import onlstm_parse
from onlstm_parse.models.objectives import MASK_EVERY, hidden_words
from onlstm_parse.text.vocabulary import EOS_ID


def test_the_offsets_hide_every_word_once():
    words = torch.zeros(17, 3, dtype=torch.long)
    times = sum(hidden_words(words, offset).int() for offset in range(MASK_EVERY))
    assert torch.equal(times, torch.ones_like(times))


def test_at_least_one_word_is_hidden_at_random():
    torch.manual_seed(0)
    assert all(hidden_words(torch.zeros(1, 1), None).all() for _ in range(20))
    share = hidden_words(torch.zeros(1000, 20), None).float().mean()
    assert share == pytest.approx(1 / MASK_EVERY, abs=0.02)


@pytest.fixture(scope="module")
def run(text_file, tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("masked") / "run"
    return onlstm_parse.train([text_file], folder, **tiny, model="on-lstm-bidirectional")


def test_sentences_of_any_length_are_read_as_if_alone(run):
    lines = ["The old dog barked .", "Nobody slept near the river .", "A cat", "", "Nobody"]
    parser = onlstm_parse.Parser(run)
    for line, tree in zip(lines, parser.parse_lines(lines), strict=True):
        alone = parser.parse(line)
        assert str(alone) == str(tree)
        assert alone.levels == pytest.approx(tree.levels)


def test_a_sentence_is_read_between_one_eos_on_either_side(run):
    words = ["The", "old", "dog", "barked", "near", "the", "river"]
    ids = [index for pieces in run.pipeline.encode_words(words).pieces for index in pieces]
    levels = run.model.eval()(torch.tensor([[EOS_ID], *([index] for index in ids), [EOS_ID]])).levels
    (analysis,) = onlstm_parse.load(run).analyse_words([words])
    torch.testing.assert_close(torch.from_numpy(analysis.levels), levels[:, 1:-1, 0], atol=1e-6, rtol=0)


def test_the_loss_is_that_of_each_word_and_the_closing_eos_when_masked(run):
    words = ["The", "old", "dog", "barked", "near", "the", "river", "Nobody", "slept"]
    ids = [index for pieces in run.pipeline.encode_words(words).pieces for index in pieces]
    framed = torch.tensor([[EOS_ID], *([index] for index in ids), [EOS_ID]])
    model, expected = run.model.eval(), 0.0
    for offset in range(MASK_EVERY):
        masked = hidden_words(framed, offset)
        losses = model.token_losses(model(framed, masked=masked).hidden[masked], framed[masked])
        opening = 1 if offset == 0 else 0  # the <eos> before the sentence is not predicted
        expected += losses[opening:].sum().item()
    (analysis,) = onlstm_parse.load(run).analyse_words([words], with_loss=True)
    assert analysis.loss == pytest.approx(expected, rel=1e-5)
    assert analysis.tokens == 10


def test_words_to_the_right_count(run):
    parser = onlstm_parse.Parser(run)
    a, b = (parser.parse(f"The old dog {end}").levels[:3] for end in ("barked", "near the river"))
    assert a != pytest.approx(b, abs=1e-6)


def test_its_loss_is_called_by_its_name(run, tmp_path, capsys):
    from onlstm_parse.display.scores import score_table

    gold = tmp_path / "gold.mrg"
    gold.write_text(
        "(S (NP (DT The) (JJ old) (NN dog)) (VP (VBD barked)))\n(S (NP (NN Nobody)) (VP (VBD left)))"
    )
    report = onlstm_parse.evaluate(onlstm_parse.Parser(run), gold)
    assert report["objective"] == "masked"
    parser = onlstm_parse.load(run)
    analyses = parser.analyse_words([["The", "old", "dog", "barked"], ["Nobody", "left"]], with_loss=True)
    assert report["perplexity"] == pytest.approx(math.exp(sum(one.loss for one in analyses) / 8))
    assert f"{parser.run.config.model.likelihood.note}: " in score_table(report)


def test_training_says_so(text_file, tiny, tmp_path, capfd):
    settings = {**tiny, "model": "on-lstm-bidirectional", "quiet": False}
    onlstm_parse.train([text_file], tmp_path / "run", **settings)
    told = capfd.readouterr().err
    assert "its figure is a pseudo-perplexity (each hidden word" in told
    assert "done: validation pseudo-perplexity" in told
