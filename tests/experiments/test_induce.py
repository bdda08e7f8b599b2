"""`induce`: from raw text to a parser in one command, interrupted and continued in every stage."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

import onlstm_parse
from onlstm_parse.cli.main import main
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.experiments import induce as module
from onlstm_parse.processes import locked
from onlstm_parse.runs import Run, best_perplexity, fingerprint, read_metrics
from onlstm_parse.training import loop

MODELS = ("on-gru", "simple-pcfg")
VOTED = "neural-pcfg"
QUICK = {"size": "tiny", "minutes": 0.05, "models": MODELS, "voted": (VOTED,), "rounds": 1}


def command(text, out, *options, minutes=0.05):
    quick = ["--size", "tiny", "--minutes", str(minutes), "--rounds", "1", "--models", ",".join(MODELS)]
    return ["induce", str(text), "--out", str(out), *quick, "--voted", VOTED, *options]


def voters(folder, average="average"):
    """The members of one of its averages: path or name, and rule."""
    members = Run.load(folder / average).config.model.members
    return [(one.reference.path if one.reference else one.name, one.rule) for one in members]


def grammars(folder):
    """Those that learnt from votes, in order."""
    return [folder / "voted" / f"{VOTED}-{seed}" for seed in (1, 2, 3, 4)]


def voted_paths(folder):
    """The same as their averages name them."""
    return [f"../voted/{run.name}" for run in grammars(folder)]


@pytest.fixture(scope="session")
def made(text_file, tmp_path_factory):
    """A finished folder and what was printed on the way."""
    out = tmp_path_factory.mktemp("induced") / "run"
    twice = ("--rounds", "2", "--voted", f"{VOTED},{VOTED}")
    shell = [sys.executable, "-m", "onlstm_parse", *command(text_file, out, *twice, minutes=0.06)]
    done = subprocess.run(shell, capture_output=True, text=True, check=True)
    return out, done.stderr


@pytest.fixture
def without_student(made, tmp_path):
    """A folder whose student is still to be made."""
    folder = tmp_path / "run"
    shutil.copytree(made[0], folder)
    forget_student(folder)
    return folder


def forget_student(folder):
    for name in ("config.json", "model.safetensors", "metrics.jsonl"):
        (folder / name).unlink()
    shutil.rmtree(folder / "resume")


def test_the_folder_is_a_run_made_of_runs(made):
    folder, _ = made
    assert Run.load(folder).config.kind == "span-parser"
    assert Run.load(folder).config.data["teacher"]["path"] == "average"
    assert [Run.load(folder / "members" / f"{model}-1").config.model.model for model in MODELS] == list(
        MODELS
    )
    assert voters(folder, "draft") == [
        ("../members/on-gru-1", "token"),
        ("../members/on-gru-1", "gap"),
        ("../members/simple-pcfg-1", None),
        ("right", None),
    ]
    teachers = [Run.load(run).config.data["teacher"]["path"] for run in grammars(folder)]
    assert teachers == [f"../../{draft}" for draft in ("draft", "draft", "draft-2", "draft-2-grammars")]
    members, voted = ["../members/on-gru-1", "../members/simple-pcfg-1"], voted_paths(folder)
    assert [path for path, _ in voters(folder, "draft-2")] == members + voted[:2]
    assert [path for path, _ in voters(folder, "draft-2-grammars")] == voted[:2]
    plan = json.loads((folder / "induce.json").read_text())
    assert (plan["minutes"], plan["models"], plan["trivial"]) == (0.06, list(MODELS), {"right": 1.0})
    tree = onlstm_parse.load(folder).parse("The old dog barked, and left.")
    assert tree.leaves() == ("The", "old", "dog", "barked", ",", "and", "left", ".")


def test_it_says_what_it_will_do_and_how_members_agree(made):
    printed = made[1]
    assert "members: on-gru-1, simple-pcfg-1; 0.0217 minutes each" in printed
    assert "neural-pcfg-1, neural-pcfg-2 learn from its votes, 0.00867 minutes each; then neural-" in printed
    passes = re.findall(r"-[1-4]: done, (\d+\.\d) passes over the text(; with more --minutes)?", printed)
    assert len(passes) == 6
    together, alone = (best_perplexity(run) for run in grammars(made[0])[2:])
    said = f"perplexity after votes of members and grammars: {together:.1f}, of grammars alone: {alone:.1f}"
    assert said in printed
    assert all((float(count) < 1) == bool(hint) for count, hint in passes if count != "1.0")
    assert "agreement" in printed
    assert f"the parser is in {made[0]}" in printed


def test_the_voters_whose_grammars_have_the_lower_perplexity_teach(made, tmp_path):
    together, alone = grammars(made[0])[2:]
    members = ["../members/on-gru-1", "../members/simple-pcfg-1"]
    lower = best_perplexity(alone) < best_perplexity(together)
    assert [path for path, _ in voters(made[0])] == ([] if lower else members) + voted_paths(made[0])

    other = tmp_path / alone.name
    shutil.copytree(alone, other)
    report = read_metrics(alone)[-1]
    for share, wanted in ((0.9, True), (1.1, False)):
        report["valid_perplexity"] = share * best_perplexity(together)
        (other / "metrics.jsonl").write_text(json.dumps(report) + "\n")
        said = []
        assert module._teach_better_alone([together, other], said.append) is wanted
        assert said == [
            f"perplexity after votes of members and grammars: {best_perplexity(together):.1f}, "
            f"of grammars alone: {best_perplexity(other):.1f}"
        ]
    first = grammars(made[0])[:2]  # both have learnt from the same votes
    assert not module._teach_better_alone(first, said.append)


def test_a_finished_folder_is_not_made_again(made, text_file):
    folder, _ = made
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    onlstm_parse.induce(text_file, folder, resume=True)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")} == before
    with pytest.raises(OnlstmError, match="a run is here already; --resume"):
        onlstm_parse.induce(text_file, folder)


def test_a_finished_folder_of_an_earlier_version_keeps_its_average(made, text_file, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(made[0], folder)
    shutil.rmtree(folder / "average")
    onlstm_parse.average([folder / "members" / "on-gru-1"], folder / "average")
    before = fingerprint(folder / "average")
    onlstm_parse.induce(text_file, folder, resume=True)
    assert fingerprint(folder / "average") == before


def test_a_model_that_is_named_again_has_another_seed_and_time_is_shared():
    models = ("on-gru", "lstm", "on-gru")
    plan = module.Plan(("a",), None, 60.0, models, {}, 3, "small", 2, voted=("neural-pcfg",))
    assert [job.name for job in plan.jobs(models)] == ["on-gru-3", "lstm-3", "on-gru-4"]
    assert plan.member_minutes == pytest.approx(0.65 * 60 * 2.5 / 3.5 / 2)
    assert plan.voted_minutes == pytest.approx(0.65 * 60 / 3.5)
    assert replace(plan, voted=()).member_minutes == pytest.approx(0.65 * 60 / 2)
    assert replace(plan, models=()).voted_minutes == pytest.approx(0.65 * 60)
    assert replace(plan, models=(), voted=()).member_minutes == 0
    twice = replace(plan, rounds=2)
    assert [[job.name for job in jobs] for jobs in twice.voted_jobs()] == [
        ["neural-pcfg-3"],
        ["neural-pcfg-4"],
    ]
    assert twice.member_minutes == pytest.approx(2.5 * twice.voted_minutes / 2)
    assert 2 * twice.member_minutes + 2 * twice.voted_minutes == pytest.approx(0.65 * 60)


def _interrupted_when(folder, text, begun, number):
    """Send a signal to `induce` once `begun` is true; its exit status and what it printed."""
    shell = [sys.executable, "-m", "onlstm_parse", *command(text, folder, minutes=0.15)]
    process = subprocess.Popen(shell, stderr=subprocess.PIPE, text=True)
    while not begun() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(number)
    return process.wait(), process.stderr.read()


def test_interrupted_while_members_train(made, text_file, tmp_path):
    """`made` has compiled the kernels: else the first step would take the whole budget."""
    folder = tmp_path / "run"
    metrics = folder / "members" / "on-gru-1" / "metrics.jsonl"
    status, printed = _interrupted_when(folder, text_file, metrics.exists, signal.SIGTERM)
    assert status == 1
    assert f"interrupted; continue with: onlstm-parse induce --resume --out {folder}" in printed
    done = json.loads(metrics.read_text().splitlines()[-1])["tokens"]
    with locked(folder / ".lock", wait=False) as free:
        assert free  # no member works on
    assert main(["induce", str(text_file), "--resume", "--out", str(folder), "--quiet"]) == 0
    tokens = [json.loads(line)["tokens"] for line in metrics.read_text().splitlines()]
    assert tokens == sorted(tokens)  # gone on with, not begun again
    assert tokens[-1] > done
    assert Run.load(folder).config.kind == "span-parser"


def test_killed_while_members_train(made, text_file, tmp_path, capsys):
    """Members outlive a parent that is killed: nobody else may work in the folder until they end."""
    folder = tmp_path / "run"
    metrics = folder / "members" / "on-gru-1" / "metrics.jsonl"
    _interrupted_when(folder, text_file, metrics.exists, signal.SIGKILL)
    assert main(["induce", str(text_file), "--resume", "--out", str(folder), "--quiet"]) == 1
    assert "another process is at work here; wait until it ends" in capsys.readouterr().err
    with locked(folder / ".lock"):  # they have ended
        assert Run.load(folder / "members" / "on-gru-1")


def test_interrupted_between_members_and_average(without_student, text_file, capsys):
    before = [fingerprint(run) for run in sorted((without_student / "members").glob("*-1"))]
    shutil.rmtree(without_student / "average")
    onlstm_parse.induce(text_file, without_student, resume=True, quiet=False)
    assert [fingerprint(run) for run in sorted((without_student / "members").glob("*-1"))] == before
    assert ": training" not in capsys.readouterr().err  # no process was started for what is finished
    assert len(voters(without_student)) >= 4


def test_interrupted_while_the_student_learns(without_student, text_file, monkeypatch):
    average = fingerprint(without_student / "average")
    update, updates = loop.Trainer._update, iter([False] * 3 + [True])

    def interrupted(self):
        if next(updates):
            raise KeyboardInterrupt
        return update(self)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            onlstm_parse.induce(text_file, without_student, resume=True)
    assert (without_student / "resume" / "trees-train.safetensors").exists()
    onlstm_parse.induce(text_file, without_student, resume=True)
    assert fingerprint(without_student / "average") == average
    assert Run.load(without_student).config.data["teacher"]["fingerprint"] == average


def test_a_member_that_fails_is_left_out(text_file, tmp_path, capsys):
    folder = tmp_path / "run"
    (folder / "members").mkdir(parents=True)
    (folder / "members" / "simple-pcfg-1").write_text("not a folder")
    assert main(command(text_file, folder, "--without", "right")) == 0
    assert "simple-pcfg-1 is left out, it failed: onlstm-parse: " in capsys.readouterr().err
    assert voters(folder, "draft") == [("../members/on-gru-1", "token"), ("../members/on-gru-1", "gap")]


def test_grammars_that_cannot_learn_from_votes_are_left_out(text_file, tmp_path, capsys):
    """Then trivial parsers vote in the average itself."""
    folder = tmp_path / "run"
    (folder / "voted").mkdir(parents=True)
    (folder / "voted" / "neural-pcfg-1").write_text("not a folder")
    one_member = command(text_file, folder)
    one_member[one_member.index("--models") + 1] = "on-gru"
    assert main(one_member) == 0
    assert "neural-pcfg-1 is left out, it failed: onlstm-parse: " in capsys.readouterr().err
    assert voters(folder)[-1] == ("right", None)
    assert voters(folder) == voters(folder, "draft")


def test_a_plan_from_before_there_were_votes_goes_on(text_file, tmp_path):
    folder = tmp_path / "run"
    onlstm_parse.induce(text_file, folder, **QUICK | {"voted": (), "models": ("on-gru",)})
    assert not (folder / "draft").exists()
    plan = json.loads((folder / "induce.json").read_text())
    del plan["voted"], plan["rounds"]
    (folder / "induce.json").write_text(json.dumps(plan))
    forget_student(folder)
    onlstm_parse.induce(text_file, folder, resume=True)
    assert voters(folder)[-1] == ("right", None)


def test_text_settings_reach_members_and_student(text_file, tmp_path):
    options = ["--tokeniser", "whitespace", "--normalisation", "lower", "--max-words", "9"]
    settings = command(text_file, tmp_path / "run", "--quiet", *options)
    settings[settings.index("--models") + 1] = "on-gru"
    assert main(settings) == 0
    for folder in (tmp_path / "run", tmp_path / "run" / "members" / "on-gru-1"):
        run = Run.load(folder)
        assert (run.config.text.tokeniser, run.config.text.normalisation) == ("whitespace", "lower")
        assert len(run.pipeline.vocabulary) == 9


def test_other_parsers_vote_beside_members(made, tmp_path):
    runs = [made[0] / "members" / "on-gru-1", module.locate_run("en")]
    names = [one.name for one in module.average_of(runs, {"right": 1.0}, tmp_path / "a").config.model.members]
    assert names == [f"{runs[0]}:rule=token", f"{runs[0]}:rule=gap", str(runs[1]), "right"]


def test_a_parser_alone_teaches_for_another_text(text_file, tmp_path, monkeypatch, capsys):
    """No member is trained; words are cut as the voter cuts them."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(module.locate_run("en"), tmp_path / "known")
    settings = command(text_file, "run", "--voters", "known", "en", "--without", "right")
    settings[settings.index("--models") + 1] = ""
    assert main(settings) == 0
    assert "known votes; then en votes; then neural-pcfg-1 learn" in capsys.readouterr().err
    assert not (tmp_path / "run" / "members").exists()
    assert json.loads((tmp_path / "run" / "induce.json").read_text())["voters"] == [
        str(tmp_path / "known"),
        "en",
    ]
    assert [one.name for one in Run.load("run/draft").config.model.members] == [
        str(tmp_path / "known"),
        str(module.locate_run("en")),
    ]
    assert len(voters(tmp_path / "run")) == 3
    assert Run.load("run").config.text == Run.load("known").config.text


def test_no_member_can_be_trained(tmp_path):
    text = tmp_path / "long.txt"
    text.write_text(("word " * 60 + "\n") * 100)
    with pytest.raises(OnlstmError, match="no member could be trained: onlstm-parse: "):
        onlstm_parse.induce(text, tmp_path / "run", **QUICK | {"models": ["simple-pcfg"]})


def test_a_text_that_cannot_serve_leaves_nothing(tmp_path):
    """It is told before anything is trained, and the same command may be given again."""
    text = tmp_path / "few.txt"
    text.write_text("a dog barks\n" * 20)
    with pytest.raises(OnlstmError, match="the text is too short to hold out validation text"):
        onlstm_parse.induce(text, tmp_path / "run", **QUICK)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": ["on-gur"]}, "unknown model 'on-gur'; did you mean on-gru"),
        ({"models": []}, "no member was given"),
        (
            {"models": [], "voters": ["en"], "max_words": 9},
            "max_words: words are cut as the first",
        ),
        ({"voted": ["neural-pcgf"]}, "unknown grammar 'neural-pcgf'; did you mean neural-pcfg"),
        ({"rounds": 0}, "rounds must be at least 1, found 0; no grammars: --voted ''"),
        ({"minutes": 0}, "minutes must be above 0, found 0"),
        ({"without": ["left"]}, "unknown voter to leave out 'left'"),
        ({"tokeniser": "jeiba"}, "unknown tokeniser 'jeiba'; did you mean jieba"),
        ({"max_wrods": 10}, "unknown text setting 'max_wrods'; did you mean max_words"),
    ],
)
def test_what_cannot_work_is_refused_before_training(change, message, text_file, tmp_path):
    with pytest.raises(UsageError, match=message):
        onlstm_parse.induce(text_file, tmp_path / "run", **QUICK | change)
    assert not (tmp_path / "run").exists()


def test_a_voter_that_is_no_run(text_file, tmp_path):
    with pytest.raises(OnlstmError, match="none"):
        onlstm_parse.induce(text_file, tmp_path / "run", **QUICK | {"voters": [tmp_path / "none"]})
    assert not (tmp_path / "run").exists()


def test_no_text(tmp_path):
    with pytest.raises(OnlstmError, match="no text was given"):
        onlstm_parse.induce([], tmp_path / "run")
    with pytest.raises(OnlstmError, match=r"none\.txt"):
        onlstm_parse.induce(tmp_path / "none.txt", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"text": 3}', '{"text": [], "models": [], "mintues": 3}'])
def test_a_damaged_plan(content, tmp_path, capsys):
    (tmp_path / "induce.json").write_text(content)
    assert main(["induce", "any", "--resume", "--out", str(tmp_path)]) == 1
    assert str(tmp_path / "induce.json") in capsys.readouterr().err


def test_nothing_to_resume_and_a_folder_in_use(text_file, tmp_path):
    with pytest.raises(OnlstmError, match="nothing to resume"):
        onlstm_parse.induce(text_file, tmp_path / "run", resume=True)
    (tmp_path / "run").mkdir()
    with locked(tmp_path / "run" / ".lock"), pytest.raises(OnlstmError, match="another process is at work"):
        onlstm_parse.induce(text_file, tmp_path / "run", **QUICK)


def test_without_right_branching_trees_language_models_vote_as_grammars_agree(made, tmp_path):
    runs = sorted(path for path in (made[0] / "members").glob("*-1") if path.is_dir())
    chosen = module.average_of(runs, {}, tmp_path / "average").config.model.members
    wanted = onlstm_parse.average(runs, tmp_path / "same", weights="agreement", choose_ways=True)
    assert [(one.layer, one.rule) for one in chosen] == [
        (one.layer, one.rule) for one in wanted.config.model.members
    ]
    assert chosen[0].rule is not None
    alone = module.average_of(runs[:1], {}, tmp_path / "one").config.model.members
    assert [one.rule for one in alone] == ["token", "gap"]  # nobody can be asked
