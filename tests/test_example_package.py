"""A package from outside, installed: its names work as ours, and its model keeps the contract."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MODEL = "example-memory"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The environment variables of a process that has the package; it is installed without a network."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for path in (TESTS / "example_package").rglob("*.[pct][yfo]*"):
        copy = source / path.relative_to(TESTS / "example_package")
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-index", "--target", str(target), str(source)], check=True)
    return {**os.environ, "PYTHONPATH": str(target)}


def run(environment, *arguments):
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_its_model_keeps_the_contract(environment):
    contract = TESTS / "models" / "test_contract.py"
    ran = run(
        environment,
        "pytest",
        "-q",
        contract,
        "-k",
        MODEL,
        "-p",
        "no:cacheprovider",
        "--rootdir",
        TESTS.parent,
    )
    assert ran.split()[0].count(".") >= 15  # a test each


def test_train_parse_and_score_with_its_names(environment, tmp_path):
    (tmp_path / "text.txt").write_text("the,old,dog,barks\nthe,cat,sleeps\n" * 60, encoding="utf-8")
    (tmp_path / "gold.txt").write_text("// the / old / dog / barks\n", encoding="utf-8")
    options = ["--model", MODEL, "--tokeniser", "example-commas", "--size", "tiny", "--tokens", "100"]
    run(environment, "onlstm_parse", "train", tmp_path / "text.txt", "--out", tmp_path / "run", *options)
    tree = run(
        environment,
        *(
            "onlstm_parse",
            "parse",
            tmp_path / "run",
            "--text",
            "the,old,dog,barks",
            "--rule",
            "example-right",
        ),
    )
    assert tree == "(X the (X old (X dog barks)))\n"
    (tmp_path / "predicted.txt").write_text(tree, encoding="utf-8")
    scored = run(
        environment,
        *("onlstm_parse", "score", tmp_path / "predicted.txt", tmp_path / "gold.txt"),
        *("--protocol", "example-exact", "--json"),
    )
    assert '"protocol": "example-exact"' in scored
    assert '"sentence_f1": 50.0' in scored  # 1 of 3 brackets, and the only gold one


def test_its_names_are_listed(environment):
    code = "from onlstm_parse.cli.models import summary; print(*summary(), sep='\\n')"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert any(line.split()[0] == MODEL for line in done.stdout.splitlines() if line.split())
