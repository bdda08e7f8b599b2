"""Run folders that are damaged or foreign are refused in one line; none of them runs code."""

import json
import pickle
import shutil

import pytest
import torch

import onlstm_parse
from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.runs import METRICS, Run, RunConfig, RunReference, fingerprint, read_metrics


@pytest.fixture
def run(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "run")


def edit(run, change):
    path = run / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def refuses(run, message, kind=FormatError):
    with pytest.raises(kind, match=message) as caught:
        onlstm_parse.load(run)
    assert "\n" not in str(caught.value)
    assert str(run) in str(caught.value)


def test_contents(run):
    assert {path.name for path in run.iterdir()} == {
        "config.json",
        "model.safetensors",
        "vocabulary.json",
        "metrics.jsonl",
        "resume",
    }
    config = RunConfig.load(run)
    assert config.version == onlstm_parse.__version__
    assert config.training["epochs"] == 1
    assert config.data["train_tokens"] > config.data["valid_tokens"] > 0
    reports = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert {"step", "epoch", "tokens", "tokens_per_second", "train_perplexity", "valid_perplexity"} <= set(
        reports[-1]
    )
    assert reports[-1]["epoch"] == 1


@pytest.mark.parametrize("length", [0, 7, 100, 3000])
def test_truncated_weights(run, length):
    path = run / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    refuses(run, "truncated, or no safetensors file")


def test_pickled_weights_are_not_loaded(run):
    class Harm:
        def __reduce__(self):
            return exec, ("raise SystemExit('code from a run folder was executed')",)

    (run / "model.safetensors").write_bytes(pickle.dumps(Harm()))
    refuses(run, "no safetensors file")
    torch.save({"x": torch.ones(1)}, run / "model.safetensors")
    refuses(run, "no safetensors file")


def test_weights_of_another_model(run):
    edit(run, lambda content: content["model"].update(hidden=32))
    refuses(run, r"weights of another model: layers.0.bias_hh should be \(144,\), found \(72,\)")


def test_missing_files(run):
    (run / "model.safetensors").unlink()
    refuses(run, "the file is missing")
    (run / "vocabulary.json").unlink()
    refuses(run, "cannot read")
    (run / "config.json").unlink()
    refuses(run, "expected a run folder", OnlstmError)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["model"].update(hiden=3), r"unknown key 'hiden' in 'model'; did you mean hidden"),
        (lambda c: c.update(modle={}), r"unknown key 'modle' in 'top level'; did you mean model"),
        (lambda c: c.pop("text"), "section 'text' is missing"),
        (lambda c: c["model"].update(chunk=5), "chunk 5 does not divide"),
        (lambda c: c["model"].update(model="on-lst"), "unknown model 'on-lst'"),
        (lambda c: c.update(kind="langage-model"), "unknown kind of run 'langage-model'; did you mean lang"),
        (
            lambda c: c.update(version="99.1.0", new=1),
            r"made by onlstm-parse 99.1.0, this is .*; install the",
        ),
    ],
)
def test_bad_configuration(run, change, message):
    edit(run, change)
    with pytest.raises(OnlstmError, match=message):
        onlstm_parse.load(run)


def test_configuration_that_is_no_json(run):
    (run / "config.json").write_text('{"model": ')
    refuses(run, "not a readable JSON file")
    (run / "config.json").write_text("[]")
    refuses(run, "section 'model' is missing")


def test_same_weights_after_loading(run):
    a, b = Run.load(run), Run.load(run)
    for name, tensor in a.model.state_dict().items():
        assert torch.equal(tensor, b.model.state_dict()[name])


def test_a_report_that_a_crash_cut_off_is_left_out(run, tmp_path):
    whole = read_metrics(run)
    assert [report["tokens"] for report in whole] == sorted(report["tokens"] for report in whole)
    content = (run / METRICS).read_text(encoding="utf-8")
    (tmp_path / METRICS).write_text(content[:-5], encoding="utf-8")
    assert read_metrics(tmp_path) == whole[:-1]
    assert read_metrics(tmp_path / "nowhere") == []


def test_a_run_without_a_kind_is_a_language_model(run):
    edit(run, lambda content: content.pop("kind"))
    assert RunConfig.load(run).kind == "language-model"
    assert onlstm_parse.load(run).layers == 3


def test_equal_runs_are_equal_files(run, text_file, tiny, tmp_path):
    for number in range(4):  # two facts in a random order would be equal in one run of sixteen
        onlstm_parse.train([text_file], tmp_path / str(number), **tiny)
        for name in ("config.json", "model.safetensors", "vocabulary.json"):
            assert (tmp_path / str(number) / name).read_bytes() == (run / name).read_bytes()
    assert fingerprint(tmp_path / "0") == fingerprint(run)


def test_a_run_refers_to_another(run, tmp_path):
    referring = tmp_path / "averages" / "one"
    referring.mkdir(parents=True)
    reference = RunReference.to(run, referring)
    assert reference.path == "../../run"
    assert reference.load(referring).folder.resolve() == run
    (run / "metrics.jsonl").unlink()  # no part of what parses
    reference.load(referring)
    edit(run, lambda content: content["data"].update(train_tokens=0))
    with pytest.raises(
        FormatError, match=r"the run or file that it needs has changed since: \.\./\.\./run; put"
    ):
        reference.load(referring)
    run.rename(tmp_path / "elsewhere")
    with pytest.raises(
        FormatError, match=r"the run or file that it needs is gone: \.\./\.\./run; put it back"
    ):
        reference.load(referring)


def test_both_folders_may_move_together(run, tmp_path):
    referring = run.parent / "one"
    referring.mkdir()
    reference = RunReference.to(run, referring)
    (tmp_path / "moved").mkdir()
    run.rename(tmp_path / "moved" / "run")
    referring.rename(tmp_path / "moved" / "one")
    assert reference.load(tmp_path / "moved" / "one").config.version == onlstm_parse.__version__
