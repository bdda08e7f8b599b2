"""What training prints, and what it writes to metrics.jsonl."""

import json
import sys

import pytest

import onlstm_parse
from onlstm_parse import corpora
from onlstm_parse.errors import UsageError
from onlstm_parse.training import progress
from onlstm_parse.training.progress import Display


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_every_ten_seconds(clock, capfd):
    display = Display()
    display.update(0.25, seconds=100.0, tokens_per_second=1234.4, loss=2.0, valid=55.55)
    assert capfd.readouterr().err == (
        " 25%  1,234 tokens/s, loss 2.000, perplexity 7.4, validation 55.5, 05:00 left\n"
    )
    clock[0] += 9.9
    display.update(0.5, 110.0, 1000.0, 2.0, 55.55)
    assert capfd.readouterr().err == ""
    clock[0] += 0.1
    display.update(0.5, 110.0, 1000.0, 800.0, float("inf"))
    perplexity = f"{progress.math.exp(700.0):,.1f}"
    expected = f" 50%  1,000 tokens/s, loss 800.000, perplexity {perplexity}, 01:50 left\n"
    assert capfd.readouterr().err == expected
    display.close()


def test_quiet_says_nothing(clock, capfd):
    display = Display(quiet=True)
    display.update(0.0, 0.0, 1.0, 1.0, 1.0)
    display.say("done")
    display.close()
    assert capfd.readouterr().err == ""


def test_a_terminal_gets_a_bar(clock, capfd, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    display = Display()
    display.update(0.25, 100.0, 1234.0, 2.0, 55.5)
    display._bar.refresh()
    display.close()
    shown = capfd.readouterr().err
    assert " 25%|" in shown
    assert "1,234 tokens/s, loss 2.000, perplexity 7.4, validation 55.5" in shown


def test_reports_tell_where_the_run_stands(text_file, tiny, tmp_path, capfd):
    settings = {**tiny, "epochs": 2, "validate_every": 1000}
    run = onlstm_parse.train([text_file], tmp_path / "run", quiet=False, **settings)
    reports = [json.loads(line) for line in (run.folder / "metrics.jsonl").open()]
    pass_ = next(report for report in reports if report["epoch"] == 1.0)
    assert reports[-1]["epoch"] == 2.0
    assert reports[-1]["tokens"] == 2 * pass_["tokens"]
    for report in reports:
        assert report["epoch"] == round(report["step"] / pass_["step"], 4)
        assert set(report) == {
            "step",
            "epoch",
            "tokens",
            "seconds",
            "tokens_per_second",
            "train_perplexity",
            "valid_perplexity",
            "level_mean",
            "level_spread",
        }
    assert any(report["epoch"] != round(report["epoch"], 3) for report in reports)
    said = capfd.readouterr().err
    data, parameters = run.config.data, run.model.parameter_count()
    assert (
        f"text: {data['train_tokens']:,} tokens ({data['valid_tokens']:,} held out for validation), " in said
    )
    assert f"model: on-lstm, {parameters:,} parameters; " in said
    assert "pseudo" not in said
    best = min(report["valid_perplexity"] for report in reports)
    assert f"done: validation perplexity {best:.2f} after {reports[-1]['tokens']:,} tokens" in said


def test_validation_text(text_file, tiny, tmp_path, monkeypatch):
    """Given text comes before that of the corpus. Several texts have a held-out part."""
    own, given = tmp_path / "own.txt", tmp_path / "given.txt"
    own.write_text("the dog barked\n" * 5)
    given.write_text("the dog barked\n" * 7)
    monkeypatch.setattr(corpora, "locate_valid", lambda name: [own])

    def tokens(name, *texts, **more):
        return onlstm_parse.train(texts, tmp_path / name, **tiny, **more).config.data["valid_tokens"]

    assert tokens("a", text_file, valid=given) == 4 * 7
    assert tokens("b", text_file) == 4 * 5
    assert tokens("c", text_file, given) not in (4 * 5, 4 * 7)


def test_curves_for_tensorboard(text_file, tiny, tmp_path, monkeypatch):
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    onlstm_parse.train([text_file], tmp_path / "run", **tiny, tensorboard=True)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1])
    curves = loader.EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    (*_, point) = curves.Scalars("valid_perplexity")
    assert (point.step, point.value) == (last["step"], pytest.approx(last["valid_perplexity"]))
    assert "train_perplexity" in curves.Tags()["scalars"]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match=r"pip install 'onlstm-parse\[tensorboard\]'"):
        onlstm_parse.train([text_file], tmp_path / "other", **tiny, tensorboard=True)
