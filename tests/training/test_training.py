"""Training: exact resumption, nothing lost, budgets, and what it says when it goes wrong."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
import torch

import onlstm_parse
from onlstm_parse import files
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.models import CATALOGUE
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.runs import Run
from onlstm_parse.training import loop
from onlstm_parse.training.config import RECIPES, TrainingConfig
from onlstm_parse.training.optimisers import make_optimiser
from onlstm_parse.training.schedule import Average, has_stalled, learning_rate
from onlstm_parse.training.settings import change, complete, defaults_for
from onlstm_parse.training.validation import _warning


def weights(folder):
    return Run.load(folder).model.state_dict()


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def train_interrupted_at(update, *arguments, **settings):
    """Ctrl-C while the given update is being computed."""
    original = loop.Trainer._update

    def interrupted(self):
        if self.progress.updates == update:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Trainer, "_update", interrupted)
        onlstm_parse.train(*arguments, **settings)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("update", [3, 40])
def test_interrupted_and_resumed_is_uninterrupted(text_file, tmp_path, recipe, update, tiny):
    settings = {**tiny, "recipe": recipe, "epochs": 3, "batch_size": 8, "patience": 1}
    if recipe == "paper":
        settings["learning_rate"] = 1.0
    onlstm_parse.train([text_file], tmp_path / "whole", **settings)
    with pytest.raises(KeyboardInterrupt):
        train_interrupted_at(update, [text_file], tmp_path / "cut", **settings)
    onlstm_parse.train([text_file], tmp_path / "cut", resume=True, **settings)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
    reports = [
        [json.loads(line)["valid_perplexity"] for line in (tmp_path / name / "metrics.jsonl").open()]
        for name in ("whole", "cut")
    ]
    assert reports[0] == reports[1]


# A model of each kind of run, and models with unlike states and draws.
RESUMED = {entry.kind: name for name, entry in CATALOGUE.items()} | {
    name: name for name in ("on-lstm-bidirectional", "hierarchical-attention", "echo-state")
}


@pytest.mark.parametrize("model", RESUMED.values(), ids=RESUMED)
def test_every_kind_of_run_is_resumed_exactly(text_file, tmp_path, model, tiny_of):
    settings = tiny_of(model)
    onlstm_parse.train([text_file], tmp_path / "whole", **settings)
    with pytest.raises(KeyboardInterrupt):
        train_interrupted_at(13, [text_file], tmp_path / "cut", **settings)
    onlstm_parse.train([text_file], tmp_path / "cut", resume=True, **settings)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_killed_and_resumed_is_uninterrupted(text_file, tmp_path, tiny):
    """kill -9 at any point, several times; the command line continues with --resume alone."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in {**tiny, "epochs": 4}.items()]

    def start(*arguments):
        command = [sys.executable, "-m", "onlstm_parse", "train", *arguments, "--quiet"]
        return subprocess.Popen(command, stderr=subprocess.PIPE)

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert start(str(text_file), "--out", str(whole), *options).wait() == 0
    process = start(str(text_file), "--out", str(cut), *options)
    for _ in range(2):
        seen = len((cut / "metrics.jsonl").read_bytes()) if (cut / "metrics.jsonl").exists() else 0
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if (cut / "metrics.jsonl").exists() and len((cut / "metrics.jsonl").read_bytes()) > seen:
                break
            time.sleep(0.005)
        process.kill()
        process.wait()
        process = start("--resume", "--out", str(cut))
    assert process.wait() == 0
    assert same(weights(whole), weights(cut))
    assert start("--resume", "--out", str(cut)).wait() == 0  # finished: nothing to do, nothing lost
    assert same(weights(whole), weights(cut))


def test_a_seed_gives_the_same_run_and_another_seed_another(text_file, tiny_run, tmp_path, tiny):
    onlstm_parse.train([text_file], tmp_path / "again", **tiny)
    onlstm_parse.train([text_file], tmp_path / "other", **tiny, seed=2)
    assert same(weights(tiny_run), weights(tmp_path / "again"))
    assert not same(weights(tiny_run), weights(tmp_path / "other"))


def test_training_learns(text_file, tmp_path, tiny):
    without = {"dropout_input": 0.0, "dropout_between": 0.0, "dropout_output": 0.0, "dropconnect": 0.0}
    onlstm_parse.train([text_file], tmp_path / "run", **{**tiny, **without, "epochs": 10})
    reports = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    perplexities = [r["valid_perplexity"] for r in reports if r["valid_perplexity"]]
    assert perplexities[-1] < perplexities[0] / 2
    assert min(perplexities) < 8


def test_validation_comes_with_every_pass_and_within_long_ones(text_file, tmp_path, tiny):
    for every, expected in ((10**6, [1.0, 2.0]), (1000, None)):
        folder = tmp_path / str(every)
        onlstm_parse.train([text_file], folder, **{**tiny, "epochs": 2, "validate_every": every})
        reports = [json.loads(line) for line in (folder / "metrics.jsonl").open()]
        validated = [report for report in reports if report["valid_perplexity"]]
        if expected:
            assert [report["epoch"] for report in validated] == expected
        else:
            gaps = [b["tokens"] - a["tokens"] for a, b in pairwise(validated)]
            assert len(gaps) > 4
            assert max(gaps) <= 1000 + tiny["batch_size"] * tiny["bptt"]
        assert all(0 < report["level_spread"] < 1 for report in validated)


def test_minutes_end_the_run(text_file, tmp_path, tiny):
    settings = {**tiny, "epochs": None, "minutes": 0.03}
    onlstm_parse.train([text_file], tmp_path / "run", **settings)
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["valid_perplexity"] is not None
    assert last["epoch"] > 0


def test_tokens_end_the_run_and_are_resumed_exactly(text_file, tmp_path, tiny):
    settings = {**tiny, "epochs": None, "tokens": 5000}
    onlstm_parse.train([text_file], tmp_path / "whole", **settings)
    last = json.loads((tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()[-1])
    assert 5000 <= last["tokens"] < 5000 + tiny["batch_size"] * tiny["bptt"]
    assert last["valid_perplexity"] is not None
    with pytest.raises(KeyboardInterrupt):
        train_interrupted_at(40, [text_file], tmp_path / "cut", **settings)
    onlstm_parse.train([text_file], tmp_path / "cut", resume=True, **settings)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_a_run_is_never_overwritten(text_file, tiny_run, tiny):
    before = weights(tiny_run)
    with pytest.raises(OnlstmError, match="a run is here already; continue it with --resume"):
        onlstm_parse.train([text_file], tiny_run, **tiny)
    assert same(before, weights(tiny_run))


def test_another_text_is_not_resumed(text_file, tmp_path, tiny):
    with pytest.raises(KeyboardInterrupt):
        train_interrupted_at(3, [text_file], tmp_path / "run", **tiny)
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text() + "One more line .\n" * 200)
    with pytest.raises(OnlstmError, match="the train text is not what the run began with"):
        onlstm_parse.train([other], tmp_path / "run", resume=True, **tiny)


def test_other_settings_are_not_resumed(text_file, tiny_run, tiny):
    with pytest.raises(UsageError, match="bptt is 10 in the run, 11 was asked for; leave bptt as it is"):
        onlstm_parse.train([text_file], tiny_run, resume=True, **{**tiny, "bptt": 11})


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_weights(
    text_file, tmp_path, monkeypatch, tiny
):
    original = loop.Trainer._update

    def broken(self):
        if self.progress.updates == 20:
            with torch.no_grad():
                self.model.bias.fill_(torch.inf)
        return original(self)

    monkeypatch.setattr(loop.Trainer, "_update", broken)
    with pytest.raises(OnlstmError, match=r"training stopped at update 21: loss nan.*try a --learning-rate"):
        onlstm_parse.train([text_file], tmp_path / "run", **tiny)
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "run").values())


def test_a_full_disk_loses_nothing(text_file, tmp_path, monkeypatch, tiny):
    """The disk fills up while the second pass is saved: one line, and the run goes on once there is room."""
    settings = {**tiny, "epochs": 3}
    onlstm_parse.train([text_file], tmp_path / "whole", **settings)
    original, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 7:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(OnlstmError, match=r"cannot write: No space left on device; what stood there"):
            onlstm_parse.train([text_file], tmp_path / "run", **settings)
    assert weights(tmp_path / "run")  # still whole
    assert not list((tmp_path / "run").rglob(".*"))  # nothing half written is left behind
    onlstm_parse.train([text_file], tmp_path / "run", resume=True, **settings)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "run"))


def test_lstm_goes_the_same_way(text_file, tmp_path, tiny):
    run = onlstm_parse.train([text_file], tmp_path / "run", **tiny, model="lstm")
    tree = onlstm_parse.Parser(run).parse("The old dog barked .")
    assert tree.leaves() == ("The", "old", "dog", "barked", ".")


def test_saturated_levels_are_told(capfd, text_file, tmp_path, monkeypatch, tiny):
    assert _warning(0.99, 0.001).startswith("levels are nearly the same for every token (mean 0.990, ")
    assert _warning(0.5, 0.1) is None
    monkeypatch.setattr("onlstm_parse.training.validation.SATURATED_SPREAD", 2.0)
    onlstm_parse.train([text_file], tmp_path / "run", quiet=False, **tiny)
    assert "warning: levels are nearly the same" in capfd.readouterr().err


def test_the_schedule_fits_the_budget():
    config = TrainingConfig(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(config, share / 100) for share in range(101)]
    assert rates[0] == 0
    assert max(rates) == rates[10] == 1.0
    assert rates[100] == pytest.approx(0)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    paper = RECIPES["paper"]
    assert learning_rate(paper, 0.9) == 30


@pytest.mark.parametrize("name", ["on-lstm", "rnn"])
def test_layers_take_their_share_of_the_learning_rate(name):
    model = LanguageModel(ModelConfig(model=name, embedding=16, hidden=16, chunk=8), vocabulary_size=20)
    share = model.config.lr_scale
    assert (share == 1) == (name == "on-lstm")
    before = {part: parameter.detach().clone() for part, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    make_optimiser(model.parameter_groups(), RECIPES["paper"]).step(2.0)
    for part, parameter in model.named_parameters():
        decayed = 1 + RECIPES["paper"].weight_decay * before[part]
        rate = 2.0 * share if part.startswith("layers.") else 2.0
        torch.testing.assert_close(parameter.detach(), before[part] - rate * decayed)


def test_averaging_begins_when_validation_stalls():
    assert not has_stalled([9, 8, 7, 6, 5, 4], patience=5)
    assert not has_stalled([5, 9, 9], patience=5)
    assert has_stalled([5, 9, 9, 9, 9, 9, 6], patience=5)


def test_average_is_the_mean_of_the_weights():
    layer, average, seen = torch.nn.Linear(2, 2), Average(), []
    for step in range(4):
        with torch.no_grad():
            layer.weight.fill_(float(step * step))
        seen.append(layer.weight.detach().clone())
        average.add(layer)
    with average.swapped_in(layer):
        torch.testing.assert_close(layer.weight.detach(), torch.stack(seen).mean(0))
    torch.testing.assert_close(layer.weight.detach(), seen[-1])


def test_settings():
    assert defaults_for("paper", "paper").training.learning_rate == 30
    changed = change(defaults_for(), hidden=64, embedding=32, tokeniser="jieba", epochs=2)
    assert (changed.model.hidden, changed.text.tokeniser, changed.training.epochs) == (64, "jieba", 2)
    with pytest.raises(UsageError, match="unknown setting 'hiden'; did you mean hidden"):
        change(defaults_for(), hiden=64)
    with pytest.raises(UsageError, match="unknown size 'smal'; did you mean small"):
        defaults_for("smal")
    with pytest.raises(UsageError, match="two budgets"):
        TrainingConfig(epochs=1, minutes=1)


def test_settings_are_completed_once():
    open_ones = change(defaults_for("tiny", "paper"), model="lstm")
    whole = complete(open_ones, [], match_width=True)
    assert (whole.model.hidden, whole.training.epochs, whole.text.tokeniser) == (133, 500, "ptb")
    assert complete(whole, [], match_width=False) == whole
    assert complete(open_ones, [], match_width=False).model.hidden == 128
    given = change(open_ones, tokens=5, tokeniser="characters", normalisation="none")
    kept = complete(given, [], match_width=False)
    assert (kept.training, kept.text) == (given.training, given.text)
    for words, softmax in ((75_000, "full"), (75_001, "adaptive")):
        assert whole.model.for_vocabulary(words).softmax == softmax
        chosen = change(whole, softmax="full")
        assert chosen.model.for_vocabulary(words) == chosen.model


def test_the_tokeniser_follows_the_text(tmp_path):
    for text, tokeniser, normalisation in (
        ("The dog barks.\n", "ptb", "mikolov"),
        ("the <unk> barks\n", "whitespace", "mikolov"),
        ("我们在公园里看见一只狗。\n", "jieba-simplified", "words"),
        ("我們在公園裡看見一隻狗。\n", "jieba-simplified", "words"),
        ("我们 在 公园 里 看见 一 只 狗 。\n", "whitespace", "words"),
    ):
        (tmp_path / "text.txt").write_text(text, encoding="utf-8")
        found = complete(defaults_for(), [str(tmp_path / "text.txt")], match_width=False).text
        assert (found.tokeniser, found.normalisation) == (tokeniser, normalisation)


def test_a_run_keeps_its_tokeniser_where_another_one_is_the_default_now(tiny, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("我們在公園裡看見一隻狗。\n" * 200, encoding="utf-8")
    begun = onlstm_parse.train(text, tmp_path / "run", **tiny, tokeniser="jieba")
    continued = onlstm_parse.train(text, tmp_path / "run", **tiny, resume=True)
    assert continued.config.text == begun.config.text
    with pytest.raises(UsageError, match="tokeniser is jieba in the run, jieba-simplified was asked for"):
        onlstm_parse.train(text, tmp_path / "run", **tiny, resume=True, tokeniser="jieba-simplified")
