"""Members of `induce` that have little time: how many tokens they would read, and their settings."""

import json
from types import SimpleNamespace

import pytest
import torch

import onlstm_parse
from onlstm_parse.experiments import induce as module
from onlstm_parse.experiments import induction_plan, short_trainings
from onlstm_parse.models import CATALOGUE
from onlstm_parse.training.settings import change, defaults_for

PLAN = {"valid": None, "minutes": 10.0, "models": ("on-gru", "simple-pcfg"), "voters": (), "without": ()}
PLAN |= {"seed": 1, "size": "small", "text_settings": {}}
SMALL = {"minutes": 1.0, "models": ("on-gru", "simple-pcfg"), "voted": (), "max_words": 50}


def test_tokens_follow_from_the_speed_of_products(monkeypatch):
    monkeypatch.setattr(short_trainings, "choose_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(
        short_trainings, "speed_of_products", lambda: 1000 * short_trainings.OPERATIONS_A_TOKEN
    )
    assert short_trainings.expected_tokens(0.5) == 30_000
    monkeypatch.setattr(short_trainings, "choose_device", lambda: torch.device("cuda"))
    assert short_trainings.expected_tokens(0.5) is None


def test_products_have_a_speed_and_threads_stay():
    threads = torch.get_num_threads()
    assert 1e8 < short_trainings.speed_of_products() < 1e14
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("device", "speed", "sentences"), [("cpu", 0.25, 3000), ("cpu", 4, 12_000), ("cuda", 0.25, 12_000)]
)
def test_slow_processors_parse_fewer_sentences(device, speed, sentences, text_file, tmp_path, monkeypatch):
    monkeypatch.setattr(short_trainings, "choose_device", lambda: torch.device(device))
    monkeypatch.setattr(short_trainings, "speed_of_products", lambda *_: speed * short_trainings.USUAL_SPEED)
    settings = {**PLAN, "voted": ("neural-pcfg",), "rounds": 1}
    plan = induction_plan.planned([str(text_file)], **{**settings, "minutes": 20.0})
    assert plan.sentences == sentences
    plan.save(tmp_path)
    monkeypatch.undo()
    assert induction_plan.Plan.load(tmp_path) == plan


def test_plans_of_older_versions_keep_their_number_of_sentences(text_file, tmp_path):
    induction_plan.planned([str(text_file)], **PLAN, voted=(), rounds=1).save(tmp_path)
    stored = json.loads((tmp_path / "induce.json").read_text())
    del stored["sentences"]
    (tmp_path / "induce.json").write_text(json.dumps(stored))
    assert induction_plan.Plan.load(tmp_path).sentences == 6000


@pytest.mark.parametrize(
    ("tokens", "smaller"),
    [(400_000, ["on-gru", "simple-pcfg"]), (2_000_000, ["on-gru"]), (2_200_000, []), (None, [])],
)
def test_members_with_little_time_have_other_settings(tokens, smaller, text_file, tmp_path, monkeypatch):
    """It is interrupted before anything is trained: the commands are looked at."""
    monkeypatch.setattr(induction_plan, "expected_tokens", lambda minutes: tokens)
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
    assert ("--batch-size=16" in language_model) == ("--dropconnect=0.1" in language_model)
    assert "--batch-size=16" not in grammar
    halved = {"on-gru": "--hidden=256" in language_model, "simple-pcfg": "--nonterminals=128" in grammar}
    assert [model for model, is_smaller in halved.items() if is_smaller] == smaller
    note = f"; for want of time {' and '.join(smaller)} will be smaller than usual"
    assert (note in said[0]) if smaller else ("for want of time" not in said[0])
    assert json.loads((tmp_path / "run" / "induce.json").read_text())["tokens"] == tokens


def test_the_first_votes_of_weak_members_count_for_more(text_file, tmp_path, monkeypatch):
    """What is asked for in each round is looked at; nothing is trained."""
    asked = {}

    def caught(commands, at_once, say):
        asked.update({run.name: command for run, command in commands.items()})
        return [*commands]

    monkeypatch.setattr(module, "side_by_side", caught)
    monkeypatch.setattr(module, "_averaged", lambda *_: SimpleNamespace(folder=tmp_path / "draft"))
    monkeypatch.setattr(module, "ask", lambda *_, **__: None)
    monkeypatch.setattr(module, "_teach_better_alone", lambda *_: False)
    monkeypatch.setattr(module.averaging, "table", lambda _: "")
    cases = ((200_000, (), True), (200_000, ("en",), False), (1_200_000, (), False), (None, (), False))
    for tokens, others, strong in cases:
        monkeypatch.setattr(induction_plan, "expected_tokens", lambda minutes, tokens=tokens: tokens)
        plan = induction_plan.planned(
            [str(text_file)],
            **{**PLAN, "voters": others, "voted": ("neural-pcfg", "neural-pcfg"), "rounds": 2},
        )
        module._teacher(plan, tmp_path / str(tokens), lambda _: None)
        stronger = [name for name, command in asked.items() if "--vote-strength=5.0" in command]
        assert stronger == (["neural-pcfg-1", "neural-pcfg-2"] if strong else [])
        assert {"neural-pcfg-3", "neural-pcfg-4"} < asked.keys()


def test_tiny_members_are_not_changed(text_file, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "side_by_side", lambda *_: [])
    with pytest.raises(onlstm_parse.errors.OnlstmError, match="no member could be trained"):
        onlstm_parse.induce(text_file, tmp_path / "run", **SMALL, size="tiny")
    assert json.loads((tmp_path / "run" / "induce.json").read_text())["tokens"] is None


def test_their_options_are_settings_of_train():
    """Each is known to the kind of run that it is for, and differs from what is usual."""
    for model in ("on-gru", "simple-pcfg"):
        usual = defaults_for(model=model)
        suited = change(usual, **short_trainings.SUITS_FEW_TOKENS[CATALOGUE[model].kind])
        assert suited != usual
    assert short_trainings.options_for("neural-pcfg", 1000) == []  # it has few symbols already
