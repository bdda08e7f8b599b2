"""Several processes, started by torchrun, against one: the same losses, the same weights, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from training.team_worker import KILLED

from onlstm_parse.errors import OnlstmError
from onlstm_parse.models import CATALOGUE
from onlstm_parse.runs import METRICS, WEIGHTS, read_tensors
from onlstm_parse.text.batches import Stream

WORKER = Path(__file__).parent / "team_worker.py"
TRAIN = [word for name, value in KILLED.items() for word in (f"--{name.replace('_', '-')}", str(value))]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")


def torchrun(*arguments, restarts=0, **streams):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["--max-restarts", str(restarts), "--monitor-interval", "0.1", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, **streams)


def finish(process):
    errors = process.communicate()[1]
    assert process.returncode == 0, errors
    return errors


def weights(folder):
    return read_tensors(folder / WEIGHTS)[0]


def metrics(folder):
    return [json.loads(line) for line in (folder / METRICS).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def runs(text_file, tiny_run, tmp_path_factory):
    """The same trainings in one process and in two."""
    alone, together = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("together")
    subprocess.run([sys.executable, WORKER, text_file, tiny_run, alone], check=True)
    finish(torchrun(WORKER, text_file, tiny_run, together))
    return alone, together


@pytest.mark.parametrize("run", ["on-lstm", "adaptive", "simple-pcfg", "student"])
def test_two_processes_have_the_losses_and_weights_of_one(runs, run):
    alone, together = (metrics(folder / run) for folder in runs)
    assert len(alone) == len(together) >= 1
    for one, two in zip(alone, together, strict=True):
        assert (one["step"], one["tokens"]) == (two["step"], two["tokens"])
        assert one.keys() == two.keys()
        for name in {"train_perplexity", "valid_perplexity", "valid_agreement"} & one.keys():
            assert two[name] == (one[name] and pytest.approx(one[name], rel=1e-5))
    expected = weights(runs[0] / run)
    for name, tensor in weights(runs[1] / run).items():
        # Adam divides by the size of a gradient: where that is nearly 0, rounding decides. An update is 0.01.
        distance = (tensor.float() - expected[name].float()).abs()
        assert distance.max() < 0.01, name
        assert (distance > 2e-3).float().mean() < 0.05, name


@pytest.mark.parametrize("model", CATALOGUE)
def test_every_model_trains_in_a_team(runs, model):
    assert metrics(runs[1] / "all" / model)[-1]["tokens"] >= 180


def kill_one_in_the_middle(process, folder):
    """kill -9 of the second process after a few reports."""
    while not (folder / METRICS).exists() or len(metrics(folder)) < 4:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ranks = {Path(f"/proc/{pid}/environ").read_bytes().split(b"\0RANK=")[1][:1]: int(pid) for pid in children}
    os.kill(ranks[b"1"], signal.SIGKILL)


def test_torchrun_restarts_after_a_kill_and_ends_with_the_same_weights(text_file, tmp_path, runs):
    folder, uninterrupted = tmp_path / "run", runs[1] / "uninterrupted"
    process = torchrun("-m", "onlstm_parse", "train", text_file, "--out", folder, *TRAIN, restarts=1)
    kill_one_in_the_middle(process, folder)
    finish(process)
    expected, found = weights(uninterrupted), weights(folder)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert [line["step"] for line in metrics(folder)] == [line["step"] for line in metrics(uninterrupted)]


def test_a_killed_process_ends_the_run_and_one_process_continues_it(text_file, tmp_path, runs):
    folder, uninterrupted = tmp_path / "run", runs[1] / "uninterrupted"
    process = torchrun("-m", "onlstm_parse", "train", text_file, "--out", folder, *TRAIN)
    kill_one_in_the_middle(process, folder)
    errors = process.communicate()[1]
    assert process.returncode != 0
    ours = [line for line in errors.splitlines() if line.startswith("onlstm-parse: ")]
    assert len(ours) == 1
    assert "another process of this training has ended" in ours[0]
    assert "--resume" in ours[0]
    subprocess.run(
        [sys.executable, "-m", "onlstm_parse", "train", "--resume", "--out", folder, "--quiet"], check=True
    )
    assert metrics(folder)[-1]["step"] == metrics(uninterrupted)[-1]["step"]


def test_processes_with_different_texts_are_refused(text_file, tmp_path):
    """Each process reads a text of its own, as if a file differed from machine to machine."""
    for rank in range(2):
        lines = text_file.read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / f"text-{rank}.txt").write_text("".join(lines[rank:]), encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, onlstm_parse\n"
        "text = sys.argv[1] + '/text-' + os.environ['RANK'] + '.txt'\n"
        "onlstm_parse.train(text, sys.argv[1] + '/run', size='tiny', tokens=100)\n"
    )
    process = torchrun(script, tmp_path)
    errors = process.communicate()[1]
    assert process.returncode != 0
    assert errors.count("processes differ: the train text is") == 1
    assert not (tmp_path / "run").exists()


def test_standard_input_is_refused(text_file, tmp_path):
    with text_file.open() as text:
        arguments = ("-m", "onlstm_parse", "train", "-", "--out", tmp_path / "run", *TRAIN)
        process = torchrun(*arguments, stdin=text)
    errors = process.communicate()[1]
    assert process.returncode != 0
    ours = [line for line in errors.splitlines() if line.startswith("onlstm-parse: ")]
    assert ours == [
        "onlstm-parse: several processes cannot share standard input; "
        "write it to a file first, which all processes see"
    ]
    assert not (tmp_path / "run").exists()


def test_columns_are_shared():
    ids = np.arange(2, 103)
    whole = Stream(ids, 5, 7)
    parts = [Stream(ids, 5, 7, share, 3) for share in range(3)]
    for step in range(whole.steps):
        joint = np.concatenate([part.window(step)[0] for part in parts], axis=1)
        assert (joint == whole.window(step)[0]).all()
    with pytest.raises(OnlstmError, match=r"5 streams of text cannot be shared by 6 processes; raise"):
        Stream(ids, 5, 7, 0, 6)
