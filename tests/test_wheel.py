"""The wheel, installed away from the checkout: what ships parses, and needs no compiler."""

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from onlstm_parse.ops.native import find_compiler
from onlstm_parse.ops.processors import KINDS
from onlstm_parse.pretrained import PRETRAINED, locate_run

ROOT = Path(__file__).parents[1]


def needs_a_compiler():
    if sys.platform != "linux" or platform.machine() != "x86_64" or not find_compiler():
        pytest.skip("wheels with compiled recurrences are built on Linux for x86-64, with g++")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a new environment that has the wheel, and our dependencies, but not our checkout."""
    needs_a_compiler()
    pytest.importorskip("build")
    source, out = tmp_path_factory.mktemp("source") / "project", tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(
        ".*", "__pycache__", "build", "dist", "runs", "*.egg-info", "tests", "docs"
    )
    shutil.copytree(ROOT, source, ignore=ignored)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    environment = {**os.environ, "ONLSTM_PREBUILT": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (wheel,) = out.iterdir()
    assert "linux_x86_64" in wheel.name
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel],
        check=True,
    )
    # A folder named here is searched, but its own .pth files, such as that of our checkout, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "python"


def run(python, tmp_path, *arguments):
    environment = {"PATH": "/nonexistent", "HOME": str(tmp_path), "ONLSTM_CACHE": str(tmp_path / "cache")}
    command = [str(python), "-m", "onlstm_parse", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_is_in_the_wheel(python):
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    modules = [path.relative_to(ROOT) for path in (ROOT / "onlstm_parse").rglob("*.py")]
    assert len(modules) > 100
    assert [str(module) for module in modules if not (site / module).exists()] == []


def test_recurrences_are_compiled_without_a_compiler(python, tmp_path):
    findings = {one["topic"]: one for one in json.loads(run(python, tmp_path, "doctor", "--json"))}
    assert findings["compiler"]["found"] == "none"
    place = findings["recurrences"]["found"]
    assert place.startswith("compiled: ")
    assert Path(place.removeprefix("compiled: ")).name in {f"recurrences-{kind}.so" for kind in KINDS}
    assert str(python.parents[1]) in place
    assert not findings["recurrences"]["remedy"]


@pytest.mark.parametrize("name", PRETRAINED)
def test_pretrained_parsers_are_in_the_wheel(python, tmp_path, name):
    card = (locate_run(name) / "README.md").read_text(encoding="utf-8")
    sentence, tree = card.split("## Trees\n\n")[1].strip().split("\n")[:2]
    assert run(python, tmp_path, "parse", name, "--text", sentence.strip()) == tree.strip() + "\n"


def test_synthetic_corpora_and_training_work(python, tmp_path):
    run(python, tmp_path, "corpora", "make", "english", "--out", "sample", "--sentences", "200")
    run(python, tmp_path, "train", "sample/train.txt", "--out", "run", "--size", "tiny", "--tokens", "2000")
    assert run(python, tmp_path, "parse", "run", "--text", "a dog barks").startswith("(X ")
    run(python, tmp_path, "show", "run", "--text", "a dog barks", "--out", "page.html")
