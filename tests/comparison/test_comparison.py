"""Comparisons: equal conditions, nothing done twice, failures reported, correct figures."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import onlstm_parse
from onlstm_parse.comparison import results, running, worker
from onlstm_parse.comparison.measuring import perplexity
from onlstm_parse.comparison.plan import Job, Plan, column
from onlstm_parse.comparison.records import load_brackets, load_record
from onlstm_parse.comparison.rows import Figure, Row
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.induction import TRIVIAL_PARSERS
from onlstm_parse.models import MODELS
from onlstm_parse.runs import METRICS, Run
from onlstm_parse.scoring.comparison import between
from onlstm_parse.training.settings import change, defaults_for
from onlstm_parse.tree import Tree

TREE = "( (S (NP (DT The) (JJ old) (NN dog)) (VP (VBD slept) (PP (IN near) (NP (DT the) (NN {})))) (. .)) )\n"


@pytest.fixture(scope="module")
def treebank(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("gold") / "gold.mrg"
    path.write_text("".join(TREE.format(word) for word in ("river", "houses", "days", "cat")))
    return path


@pytest.fixture(scope="module")
def finished(text_file, treebank, tiny, tmp_path_factory) -> Path:
    """A comparison of one model with two seeds; never write into it, copy it."""
    out = tmp_path_factory.mktemp("compared") / "out"
    onlstm_parse.compare([text_file], treebank, out, ["lstm"], [1, 2], test=text_file, **tiny)
    return out


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    return shutil.copytree(finished, tmp_path / "out")


def plan_of(text, treebank, settings, models=("lstm",), **more):
    chosen = {name: value for name, value in settings.items() if name != "size"}
    settings = change(defaults_for(settings["size"]), **chosen)
    return Plan((str(text),), str(treebank), tuple(models), (1,), settings, **more)


def test_a_comparison_leaves_runs_records_tables_and_plots(finished):
    names = {path.name for path in finished.iterdir()}
    pictures = ("learning_curves", "label_recall", "f1_by_length", "recall_by_depth")
    plots = {f"{name}.{kind}" for name in pictures for kind in ("svg", "png")}
    assert {"comparison.json", "runs", "records", "results.csv", "results.md"} | plots <= names
    assert Run.load(finished / "runs" / "lstm-2").config.training["seed"] == 2
    rows = {row["system"]: row for row in csv.DictReader((finished / "results.csv").open(encoding="utf-8"))}
    records = [load_record(finished, f"lstm-{seed}") for seed in (1, 2)]
    assert rows["lstm"]["runs"] == "2"
    for key in ("tokens", "tokens_per_second", "peak_mb", "valid_perplexity", "test_perplexity"):
        assert float(rows["lstm"][key]) == pytest.approx(sum(r[key] for r in records) / 2, rel=1e-4)
    f1s = [record["scores"]["2/gap"]["sentence_f1"] for record in records]
    assert float(rows["lstm"]["f1_2_gap"]) == pytest.approx(Figure.of(f1s).mean, rel=1e-4)
    words = [sentence.words for sentence in Plan.load(finished).gold().sentences]
    one, other = (
        list(map(Tree.from_spans, words, load_brackets(finished, f"lstm-{seed}")["3/token"]))
        for seed in (1, 2)
    )
    assert float(rows["lstm"]["self_f1_all_expected-gap"]) > 0
    agreement = onlstm_parse.score(one, other, protocol="strict", words="none").sentence_f1
    assert float(rows["lstm"]["self_f1_3_token"]) == pytest.approx(agreement, rel=1e-4)
    assert rows["lstm"]["trivial"] == "0"
    trivial = {name for name, row in rows.items() if row["trivial"] == "1"}
    assert {"left", "right", "balanced", "random", "random-levels-token", "random-levels-gap"} <= trivial
    assert rows["random-levels-token"]["f1_2_gap"] == ""


def test_the_report_says_what_was_done(finished):
    text = (finished / "results.md").read_text(encoding="utf-8")
    for expected in (
        "| lstm ",
        "| random-levels-gap ",
        "test perplexity",
        "Self-F1",
        "all layers, expected-token",
        "NP (8)",
        "for 1 epoch each",
    ):
        assert expected in text
    assert "shen2019|v" in text
    assert "rule:token+gap+expected-token+expected-gap|layer:1+2+3+all|levels:mean|seeds:1+2|n:4" in text
    assert "never by gold trees" in text


def test_what_is_finished_is_not_done_again(finished, text_file, treebank, tiny, monkeypatch):
    def nothing(*arguments):
        raise AssertionError("a run was started")

    before = (finished / "results.csv").read_bytes()
    monkeypatch.setattr(running, "_in_own_process", nothing)
    onlstm_parse.compare([text_file], treebank, finished, ["lstm"], [2], test=text_file, **tiny)
    assert (finished / "results.csv").read_bytes() == before


def test_the_process_that_waits_holds_no_torch(finished):
    code = (
        "import sys; from onlstm_parse.cli.main import main\n"
        f"sys.exit(main(['compare', '--quiet', '--out', {str(finished)!r}]) or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bptt": 11}, "bptt is 10 in the comparison .*, 11 was asked for; leave bptt as it is"),
        ({"epochs": 2}, "epochs is 1"),
        ({"protocol": "strict"}, "protocol is shen2019"),
        ({"longest": 5}, "longest is None"),
        ({"test": None}, "test is .*, None was asked for"),
    ],
)
def test_changed_settings_are_refused(finished, text_file, treebank, tiny, changes, message):
    settings = {**tiny, "test": text_file, **changes}
    with pytest.raises(UsageError, match=message):
        onlstm_parse.compare([text_file], treebank, finished, ["lstm"], **settings)


def test_a_changed_treebank_is_refused(copied, text_file, treebank, tiny, tmp_path):
    content = json.loads((copied / "comparison.json").read_text())
    content["fingerprints"]["treebank"] = "0" * 16
    (copied / "comparison.json").write_text(json.dumps(content))
    with pytest.raises(OnlstmError, match="the content of treebank is not what the comparison began with"):
        onlstm_parse.compare([text_file], treebank, copied, ["lstm"], test=text_file, **tiny)


def test_a_failed_run_is_told_and_the_others_go_on(copied, text_file, treebank, tiny, capfd):
    """A damaged run folder; put right, the same call does what is missing."""
    (copied / "records" / "lstm-1.json").unlink()
    config = copied / "runs" / "lstm-1" / "config.json"
    whole = config.read_text()
    config.write_text("{")
    again = lambda: onlstm_parse.compare(  # noqa: E731
        [text_file], treebank, copied, ["lstm"], [1, 2], test=text_file, **tiny
    )
    with pytest.raises(OnlstmError, match=r"1 of 2 runs failed: lstm-1; .*results.md says why"):
        again()
    assert "lstm-1 failed:" in capfd.readouterr().err
    assert "not a readable JSON file" in (copied / "results.md").read_text()
    assert "failure" not in load_record(copied, "lstm-2")
    config.write_text(whole)
    rows = again()
    assert (rows[0].name, rows[0].runs, rows[0].failures) == ("lstm", 2, {})


def test_a_killed_run_is_a_failed_one(tmp_path, text_file, treebank, tiny, monkeypatch):
    monkeypatch.setattr(running, "_in_own_process", lambda *arguments: -signal.SIGKILL)
    with pytest.raises(OnlstmError, match="1 of 1 runs failed"):
        onlstm_parse.compare([text_file], treebank, tmp_path / "out", ["lstm"], **tiny)
    assert "killed by signal 9" in load_record(tmp_path / "out", "lstm-1")["failure"]
    assert "killed by signal 9" in (tmp_path / "out" / "results.md").read_text()


def test_interrupted_it_goes_on_where_it_stopped(text_file, treebank, tiny, tmp_path):
    """SIGINT to the comparison alone stops its run with a checkpoint; a call with --out alone finishes."""
    settings = {**tiny, "epochs": 8}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "onlstm_parse", "compare", "--out", str(tmp_path / "out")]
    first = [str(text_file), "--treebank", str(treebank), "--models", "on-lstm", *options]
    process = subprocess.Popen([*command, *first], stderr=subprocess.PIPE)
    metrics = tmp_path / "out" / "runs" / "on-lstm-1" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.parent / "resume" / "state.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"continue with: onlstm-parse compare --out" in err
    assert not (tmp_path / "out" / "records" / "on-lstm-1.json").exists()
    assert (tmp_path / "out" / "results.md").exists()
    done = subprocess.run([*command, "--quiet"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    onlstm_parse.train([text_file], tmp_path / "whole", model="on-lstm", **settings)
    best = [
        min(p for line in (folder / "metrics.jsonl").open() if (p := json.loads(line)["valid_perplexity"]))
        for folder in (tmp_path / "whole", metrics.parent)
    ]
    assert best[0] == best[1]


@pytest.mark.skipif(os.name == "nt", reason="no file locks there")
def test_processes_share_the_runs_of_a_folder(copied, text_file, treebank, tiny, monkeypatch, capfd):
    """A run that another process has begun is left to it; the next one is done."""
    begun = []

    def work(folder, job, quiet):
        begun.append(job.name)
        for kind in ("brackets.gz", "json"):
            shutil.copy(folder / "records" / f"lstm-2.{kind}", folder / "records" / f"{job.name}.{kind}")
        return 0

    monkeypatch.setattr(running, "_in_own_process", work)
    arguments = ([text_file], treebank, copied, ["lstm", "gru"])
    for record in copied.glob("records/lstm-1.*"):
        record.unlink()
    with running.locked(copied / "records" / "lstm-1.lock", wait=False) as ours:
        assert ours
        rows = onlstm_parse.compare(*arguments, test=text_file, quiet=False, **tiny)
    assert begun == ["gru-1", "gru-2"]
    assert "other processes are at lstm-1" in capfd.readouterr().err
    assert {row.name: row.runs for row in rows[:2]} == {"lstm": 1, "gru": 2}
    onlstm_parse.compare(*arguments, test=text_file, **tiny)
    assert begun[2:] == ["lstm-1"]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_compared(model, text_file, treebank, tiny, tmp_path):
    settings = {**tiny, "epochs": None, "tokens": 600}
    plan = plan_of(text_file, treebank, settings, [model]).checked()
    record, brackets = worker.work(tmp_path, plan, Job(model, 1), quiet=True)
    json.dumps(record, allow_nan=False)
    layers = plan.settings.model.layers
    assert set(record["scores"]) == set(brackets)
    greedy = {f"{k}/{rule}" for k in range(1, layers + 1) for rule in ("token", "gap")}
    assert set(brackets) == greedy | {"all/expected-token", "all/expected-gap"}
    assert 600 <= record["tokens"] < 600 + tiny["batch_size"] * tiny["bptt"]
    reports = [json.loads(line) for line in (tmp_path / "runs" / f"{model}-1" / METRICS).open()]
    assert record["valid_perplexity"] == min(r["valid_perplexity"] for r in reports if r["valid_perplexity"])
    for layer, rule in ((1, "gap"), (layers, "token"), (None, "expected-token")):
        parser = onlstm_parse.load(tmp_path / "runs" / f"{model}-1", layer=layer, rule=rule)
        report = onlstm_parse.evaluate(parser, treebank, protocol=plan.protocol)
        assert record["scores"][column(layer, rule)]["sentence_f1"] == report["sentence_f1"]
        assert record["scores"][column(layer, rule)]["signature"] == report["signature"]
    assert record["peak_mb"] > 10
    assert f"rule:gap|layer:{layers}" in record["scores"][f"{layers}/gap"]["signature"]


def test_test_perplexity_is_counted_as_validation_is(text_file, tmp_path, tiny):
    valid = tmp_path / "valid.txt"
    valid.write_text("The old dog barked .\n\n, , .\nA cat slept near the river .\n" * 20)
    run = onlstm_parse.train([text_file], tmp_path / "run", valid=valid, **tiny, precision="fp32")
    reports = map(json.loads, (tmp_path / "run" / "metrics.jsonl").open())
    best = min(report["valid_perplexity"] for report in reports if report["valid_perplexity"])
    training = plan_of(text_file, "", {**tiny, "precision": "fp32"}).settings.training
    assert perplexity(run, [valid], training) == pytest.approx(best, rel=1e-6)
    assert perplexity(run, [], training) is None


def test_speed_leaves_validation_out():
    reports = [{"tokens": 100, "tokens_per_second": 10.0}, {"tokens": 300, "tokens_per_second": 20.0}]
    assert worker.training_speed(reports) == 300 / (10 + 10)
    assert worker.training_speed([]) == 0


def test_self_f1_is_that_of_score_between(finished):
    """The trees of two runs as `parse` gives them, held against each other by `score --between`."""
    plan = Plan.load(finished)
    gold = plan.gold()
    texts = [[" ".join(sentence.words) for sentence in gold.sentences]] * 2
    parsers = [onlstm_parse.load(finished / "runs" / f"lstm-{seed}", layer=3, rule="gap") for seed in (1, 2)]
    trees = [list(parser.parse_lines(text)) for parser, text in zip(parsers, texts, strict=True)]
    expected = between([lambda run=run: run for run in trees], plan.protocol)["sentence_f1"]["mean"]
    row = results.write_results(plan, finished, gold)[0]
    assert row.figures["self_f1 3 gap"].mean == pytest.approx(expected)


def test_figures():
    assert Figure.of([3.0]) == (3.0, None)
    assert Figure.of([1.0, 3.0]) == (2.0, pytest.approx(2**0.5))


def test_what_is_no_perplexity_is_marked(finished, text_file, treebank, tiny):
    from onlstm_parse.comparison.report import markdown
    from onlstm_parse.evaluation import read_gold

    plan = plan_of(text_file, treebank, tiny, ["masked", "causal", "bound"])
    rows = [
        Row(name, 1, {"parameters": Figure(1000), "valid_perplexity": Figure(9.5)}, objective=name)
        for name in ("masked", "causal", "bound")
    ]
    text = markdown(plan, rows, read_gold(treebank))
    assert "9.5† |" in text
    assert "1,000 |" in text
    assert "† A pseudo-perplexity (" in text
    assert text.count("9.5†") == text.count("9.5‡") == 1
    assert "‡ A bound of the perplexity (" in text
    assert "There was no test text" in text


def test_without_matplotlib_there_are_tables(copied, text_file, treebank, tiny, monkeypatch, capfd):
    for picture in copied.glob("*.svg"):
        picture.unlink()
    (copied / "results.md").unlink()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    monkeypatch.delitem(sys.modules, "onlstm_parse.display.plots", raising=False)
    onlstm_parse.compare([text_file], treebank, copied, ["lstm"], test=text_file, quiet=False, **tiny)
    err = capfd.readouterr().err
    assert "pip install 'onlstm-parse[plot]'" in err
    assert err.count("\n") == 1
    assert (copied / "results.md").exists()
    assert not list(copied.glob("*.svg"))


def test_a_plan_survives_its_file(finished, tmp_path):
    plan = Plan.load(finished)
    plan.save(tmp_path)
    assert Plan.load(tmp_path) == plan
    for content in ("", "[]", "{}", '{"settings": {}, "text": [], "models": [], "seeds": [], "x": 1}'):
        (tmp_path / "comparison.json").write_text(content)
        with pytest.raises(FormatError, match=r"comparison\.json"):
            Plan.load(tmp_path)


def test_damaged_brackets_are_told(copied):
    (copied / "records" / "lstm-1.brackets.gz").write_bytes(b"\x1f\x8bno")
    with pytest.raises(FormatError, match="remove the run's files in records/"):
        load_brackets(copied, "lstm-1")


def test_rows_of_trivial_parsers_are_the_baselines_of_evaluate(finished, treebank, tiny_run):
    plan = Plan.load(finished)
    rows = {row.name: row for row in results.write_results(plan, finished, plan.gold())}
    baselines = onlstm_parse.evaluate(onlstm_parse.load(tiny_run), treebank)["baselines"]
    for name in TRIVIAL_PARSERS:
        expected = baselines[name]
        mean = expected["mean"] if isinstance(expected, dict) else expected
        keys = [key for key in rows[name].figures if key.startswith("f1 1 ")]
        assert all(rows[name].figures[key].mean == pytest.approx(mean) for key in keys)


def test_a_grammar_is_compared_under_the_same_budget(text_file, treebank, tiny, tmp_path):
    """Its settings are those of the size. Its tree appears in the columns of all layers and rules."""
    models = ["lstm", "simple-pcfg"]
    rows = onlstm_parse.compare([text_file], treebank, tmp_path / "out", models, test=text_file, **tiny)
    run = Run.load(tmp_path / "out" / "runs" / "simple-pcfg-1")
    assert run.config.model.nonterminals == 16
    assert run.config.training["epochs"] == tiny["epochs"]
    figures = {row.name: row.figures for row in rows}["simple-pcfg"]
    columns = [name for name in figures if name.startswith("f1 ")]
    assert len(columns) == 8
    assert len({figures[name].mean for name in columns}) == 1
    assert {"tokens", "peak_mb", "valid_perplexity"} <= set(figures)
    report = onlstm_parse.evaluate(onlstm_parse.load(run), str(treebank))
    assert figures["f1 2 token"].mean == pytest.approx(report["sentence_f1"])


def test_sentence_perplexity_is_that_of_validation(text_file, treebank, tiny, tmp_path):
    run = onlstm_parse.train(
        text_file,
        tmp_path / "run",
        valid=text_file,
        model="simple-pcfg",
        epochs=1,
        size="tiny",
        max_length=200,
        precision="fp32",
    )
    lines = (tmp_path / "run" / METRICS).read_text().splitlines()
    expected = min(one for line in lines if (one := json.loads(line)["valid_perplexity"]))
    found = perplexity(run, [text_file], defaults_for("tiny").training)
    assert found == pytest.approx(expected, rel=1e-4)
