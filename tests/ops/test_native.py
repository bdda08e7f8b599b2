"""The compiled recurrences: built once, shared by processes, replaced by PyTorch if they cannot be built."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from onlstm_parse.ops import native
from onlstm_parse.ops.on_lstm import on_lstm

compiler = pytest.mark.skipif(native.find_compiler() is None, reason="no C++ compiler")

# Runs the recurrence twice and prints how far it is from the reference.
PROGRAM = """
import torch
from onlstm_parse.ops.on_lstm import on_lstm
from onlstm_parse.ops.on_lstm.reference import on_lstm_reference
torch.manual_seed(0)
sizes = (4, 2, 3), (2, 6), (2, 3, 2), (30, 3), (30,), (30, 6), (30,)
leaves = [torch.randn(size, requires_grad=True) for size in sizes]
for path in (on_lstm, on_lstm):
    gradients = [torch.autograd.grad(f(*leaves).out.sum(), leaves) for f in (path, on_lstm_reference)]
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(*gradients))
print("agrees")
"""


def python(program, **environment):
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"PATH": "", "CXX": ""}, "no C++ compiler was found"),
        ({"CXX": "/bin/false"}, "/bin/false failed"),
        ({"ONLSTM_CACHE": "/dev/null/cache"}, "cannot be kept or loaded"),
    ],
)
def test_without_the_library_results_are_right_and_one_notice_is_given(tmp_path, environment, reason):
    done = python(PROGRAM, **{"ONLSTM_CACHE": str(tmp_path), **environment})
    assert done.stdout == "agrees\n", done.stderr
    assert done.stderr.count("run in plain PyTorch") == 1
    assert reason in done.stderr


@compiler
def test_two_processes_may_race_and_a_third_compiles_nothing(tmp_path):
    environment = {"ONLSTM_CACHE": str(tmp_path)}
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: python(PROGRAM, **environment), range(2)))
    assert [done.stdout for done in both] == ["agrees\n"] * 2, [done.stderr for done in both]
    (built,) = tmp_path.glob("native/*.so")
    before = built.stat().st_mtime_ns, built.stat().st_ino
    assert python(PROGRAM, **environment).stdout == "agrees\n"
    (kept,) = tmp_path.glob("native/*.so")
    assert (kept.stat().st_mtime_ns, kept.stat().st_ino) == before


@compiler
@pytest.mark.parametrize("refused", ["-fopenmp", "-march=native"])
def test_a_compiler_that_knows_less(tmp_path, refused):
    """Such as Clang of macOS, and one that is older than the processor."""
    known = ["-fno-thread-jumps", "-fopenmp", "-march=native"]
    wrapper = tmp_path / "c++"
    wrapper.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do\n'
        f'  case "$word" in {"|".join(known[: known.index(refused) + 1])})\n'
        '    echo "error: unknown argument $word" >&2; exit 1;; esac\n'
        "done\n"
        f'exec {native.find_compiler()} "$@" -O0\n'
    )
    wrapper.chmod(0o755)
    done = python(PROGRAM, ONLSTM_CACHE=str(tmp_path), CXX=str(wrapper))
    assert (done.stdout, done.stderr) == ("agrees\n", "")
    assert len(list(tmp_path.glob("native/single-*.so"))) == 1


@pytest.mark.skipif(not shutil.which("clang++"), reason="no clang++")
def test_clang(tmp_path):
    done = python(PROGRAM, ONLSTM_CACHE=str(tmp_path), CXX="clang++")
    assert (done.stdout, done.stderr) == ("agrees\n", "")


def test_importing_compiles_nothing(tmp_path):
    program = (
        "import onlstm_parse.ops.on_lstm, onlstm_parse.cli.main, onlstm_parse as o; o.load, o.train, o.Parser"
    )
    done = python(program, ONLSTM_CACHE=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "native").exists()


@compiler
def test_threads_at_once_do_not_meet():
    torch.manual_seed(0)
    n, chunk, batch = 4, 5, 7
    units = n * chunk
    rows = 4 * units + 2 * n
    sizes = (rows, 6), (rows,), (rows, units), (rows,)
    weights = [torch.randn(size) / units**0.5 for size in sizes]
    inputs = [torch.randn(40, batch, 6) for _ in range(8)]

    def run(x):
        return on_lstm(x, torch.zeros(batch, units), torch.zeros(batch, n, chunk), *weights).out

    alone = [run(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, inputs))
    for a, b in zip(alone, together, strict=True):
        assert torch.equal(a, b)
