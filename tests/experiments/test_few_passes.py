"""Members of `induce` that have little time: how often they read the text, and their settings."""

import json

import pytest

import onlstm_parse
from onlstm_parse.experiments import few_passes
from onlstm_parse.experiments import induce as module

SMALL = {"minutes": 1.0, "models": ("on-gru", "simple-pcfg"), "voted": (), "max_words": 50}


def test_passes_are_those_of_the_speed_of_products(text_file, monkeypatch):
    tokens = len(
        few_passes.prepared(
            [str(text_file)],
            None,
            few_passes.complete(few_passes.defaults_for(), [str(text_file)], match_width=False),
        ).train
    )
    monkeypatch.setattr(few_passes, "speed_of_products", lambda: 2 * few_passes.OPERATIONS_A_TOKEN)
    assert few_passes.expected_passes([str(text_file)], None, {}, 0.5) == pytest.approx(60 / tokens)


def test_products_have_a_speed_and_threads_stay():
    import torch

    threads = torch.get_num_threads()
    assert 1e8 < few_passes.speed_of_products() < 1e14
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(("passes", "suited"), [(0.4, True), (1.6, False), (None, False)])
def test_members_with_few_passes_have_other_settings(passes, suited, text_file, tmp_path, monkeypatch):
    """It is interrupted before anything is trained: the commands are looked at."""
    monkeypatch.setattr(module, "expected_passes", lambda *_: passes)
    commands = {}

    def caught(asked, at_once, say):
        commands.update(asked)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "side_by_side", caught)
    said = []
    monkeypatch.setattr(module, "_say", said.append)
    with pytest.raises(KeyboardInterrupt):
        onlstm_parse.induce(text_file, tmp_path / "run", **SMALL, quiet=False)
    language_model, grammar = commands.values()
    assert ("--batch-size=16" in language_model, "--dropconnect=0.1" in language_model) == (suited, suited)
    assert ("--nonterminals=128" in grammar, "--batch-size=16" in grammar) == (suited, False)
    assert ("some 0.4 passes over the text: smaller ones than with 4 minutes" in said[0]) is suited
    assert json.loads((tmp_path / "run" / "induce.json").read_text())["passes"] == passes


def test_their_options_are_settings_of_train(text_file, tmp_path):
    """Each is known to the kind of run that it is for, and differs from what is usual."""
    for model in ("on-gru", "simple-pcfg"):
        usual = few_passes.defaults_for(model=model)
        suited = few_passes.change(usual, **few_passes.SUITS_FEW[few_passes.CATALOGUE[model].kind])
        assert suited != usual
