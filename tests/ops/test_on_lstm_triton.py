"""The kernels against the plain loop: on a GPU if there is one, and always in Triton's interpreter.

Triton decides at its import whether to interpret, so `test_in_the_interpreter` runs this file again in
a process of its own, where the tests that skip here without a device run on CPU tensors.
"""

import os
import subprocess
import sys
import threading
import warnings
from contextlib import nullcontext
from importlib.metadata import version

import pytest
import torch

pytest.importorskip("triton", reason="Triton is not installed (pip install triton)")

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops import graphed
from onlstm_parse.ops.graphed import CAPTURED_AT
from onlstm_parse.ops.master_gates import MASTER_INPUT_FORMS
from onlstm_parse.ops.native import compute_type
from onlstm_parse.ops.on_lstm import fast as entry
from onlstm_parse.ops.on_lstm import on_lstm
from onlstm_parse.ops.on_lstm import triton as on_lstm_triton
from onlstm_parse.ops.on_lstm.reference import on_lstm_reference

VERSION = tuple(map(int, version("triton").split(".")[:2]))
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = torch.device("cpu" if INTERPRETED else "cuda")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
runs_kernels = pytest.mark.skipif(not (INTERPRETED or torch.cuda.is_available()), reason="no CUDA device")
SIZES = [(3, 2, 4, 5, 3), (1, 1, 3, 7, 1), (3, 2, 4, 1, 6), (2, 1, 2, 1, 1)]  # T, B, E, n, C


@pytest.fixture(autouse=True)
def kernels(monkeypatch):
    """In the interpreter the kernels take CPU tensors, which otherwise go to the compiled loop."""
    if INTERPRETED:
        assert entry.kernel_cell(DEVICE) is not None
        monkeypatch.setattr(entry, "_loop", lambda h, n: (entry.kernel_cell(h.device), compute_type(h)))
        monkeypatch.setattr(graphed, "capture", lambda run, device: run)


@pytest.mark.skipif(INTERPRETED, reason="this is the interpreter")
@pytest.mark.skipif(
    VERSION < (3, 9), reason="Triton 3.3's interpreter fails at cumsum; 3.9's is known to work"
)
def test_in_the_interpreter():
    command = [sys.executable, "-m", "pytest", __file__, "-p", "no:cacheprovider", "-v"]
    environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    assert " passed" in found.stdout


def arguments(steps, batch, inputs, n, chunk, dtype=torch.float32, seed=0):
    """Leaves x, h, c, weight_ih, bias_ih, weight_hh, bias_hh; weights of about 1 / sqrt(units)."""
    draw = torch.Generator().manual_seed(seed)
    units, rows = n * chunk, 4 * n * chunk + 2 * n
    shapes = [(steps, batch, inputs), (batch, units), (batch, n, chunk)]
    shapes += [(rows, inputs), (rows,), (rows, units), (rows,)]
    values = [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes]
    values[3:] = [weight / units**0.5 for weight in values[3:]]
    return [value.to(DEVICE, dtype).requires_grad_() for value in values]


def loss_of(outputs):
    """A random sum of all outputs, so that each has a gradient."""
    draw = torch.Generator().manual_seed(1)
    factors = [torch.randn(part.shape, generator=draw, dtype=torch.float64) for part in outputs]
    return sum((part * factor.to(part)).sum() for part, factor in zip(outputs, factors, strict=True))


def results(function, leaves, form="complement"):
    """All outputs and all gradients."""
    outputs = function(*leaves, form)
    return [*outputs, *torch.autograd.grad(loss_of(outputs), leaves)]


def distance(found, expected):
    """The largest error of any result, relative to the result's largest value."""
    pairs = zip(found, expected, strict=True)
    return max(((a.double() - b).abs().max() / (b.abs().max() + 1e-30)).item() for a, b in pairs)


@pytest.mark.skipif(INTERPRETED, reason="what is interpreted is not compiled")
@pytest.mark.parametrize("generation", [80, 90], ids="sm_{}".format)
@pytest.mark.parametrize("low", ["bf16", "fp32"])
def test_kernels_compile_for_gpus_that_are_not_there(low, generation):
    """To machine code of an A100, and of an H100 or H200, at the sizes of the paper."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile

    constants = on_lstm_triton._blocks(115, 10, 0)
    options = {"num_warps": constants.pop("num_warps")}
    for kernel in (on_lstm_triton._forward_step, on_lstm_triton._backward_step):
        types = {name: "constexpr" if name in constants else f"*{low}" for name in kernel.arg_names}
        types |= {name: "*fp32" for name in ("states", "masters", "d_masters", "d_state") if name in types}
        types |= {name: kind for name, kind in {"t": "i32", "steps": "*i32"}.items() if name in types}
        source = ASTSource(kernel, types, constexprs=constants)
        assert compile(source, target=GPUTarget("cuda", generation, 32), options=options).asm["cubin"]


@runs_kernels
@pytest.mark.parametrize("form", MASTER_INPUT_FORMS)
@pytest.mark.parametrize("sizes", SIZES)
def test_kernels_are_the_reference(sizes, form):
    exact = results(on_lstm_reference, arguments(*sizes, torch.float64), form)
    assert distance(results(on_lstm, arguments(*sizes, torch.float64), form), exact) < 1e-12
    assert distance(results(on_lstm, arguments(*sizes), form), exact) < 1e-5


@runs_kernels
@pytest.mark.parametrize("form", MASTER_INPUT_FORMS)
@pytest.mark.parametrize("sizes", SIZES[:3])  # the error of a single unit's value says nothing in bf16
def test_kernels_in_bf16(sizes, form):
    exact = results(on_lstm_reference, arguments(*sizes, torch.float64), form)
    with torch.autocast(DEVICE.type, torch.bfloat16):
        low = results(on_lstm, arguments(*sizes), form)
    assert low[0].dtype == torch.bfloat16
    assert low[1].dtype == low[2].dtype == low[3].dtype == torch.float32  # h, c and levels
    assert distance(low, exact) < 2e-2


@runs_kernels
def test_units_in_several_blocks(monkeypatch):
    monkeypatch.setattr(on_lstm_triton, "TILE", 16)  # 8 levels, 2 units at a time
    exact = results(on_lstm_reference, arguments(2, 2, 3, 5, 5, torch.float64))
    assert distance(results(on_lstm, arguments(2, 2, 3, 5, 5, torch.float64)), exact) < 1e-12


@runs_kernels
def test_non_contiguous_input_and_no_gradient():
    leaves = arguments(4, 3, 4, 2, 3)
    leaves[0] = leaves[0].detach().transpose(0, 1).contiguous().transpose(0, 1)
    with torch.inference_mode():
        found = on_lstm(*leaves)
    assert distance(found, [part.double() for part in on_lstm_reference(*leaves)]) < 1e-5


@runs_kernels
def test_second_derivatives_are_refused():
    leaves = arguments(2, 2, 3, 2, 2)
    with pytest.raises(OnlstmError, match="no second derivatives"):
        torch.autograd.grad(on_lstm(*leaves).out.sum(), leaves[0], create_graph=True)


@runs_kernels
def test_padding_passes_nothing_on(monkeypatch):
    """Graphs are captured for padded lengths: what a longer window left must not reach a shorter one."""
    monkeypatch.setattr(graphed, "PADDING", 3)
    made = {}

    def captured_at_once(loop, sizes, *tensors):
        if loop not in made:
            made[loop] = graphed._Captured(loop._loop, sizes, tensors, -len(tensors[0]) % graphed.PADDING)
        made[loop].run(len(tensors[0]), tensors, loop._access)

    monkeypatch.setattr(graphed.Graphed, "__call__", captured_at_once)
    for seed, steps in enumerate((3, 1, 2)):
        sizes = steps, 2, 3, 3, 2
        exact = results(on_lstm_reference, arguments(*sizes, torch.float64, seed))
        assert distance(results(on_lstm, arguments(*sizes, torch.float64, seed)), exact) < 1e-12


@needs_gpu
def test_graphs_replay_without_the_loop(monkeypatch):
    for use in range(2 * CAPTURED_AT):
        if use == CAPTURED_AT:
            monkeypatch.setattr(graphed.Graphed, "_at_once", None)
        sizes = 17 + use % 4, 4, 8, 6, 5  # of one padded length
        exact = results(on_lstm_reference, arguments(*sizes, torch.float64, use))
        assert distance(results(on_lstm, arguments(*sizes, seed=use)), exact) < 1e-5


@needs_gpu
def test_several_windows_before_their_backward_pass():
    windows = [arguments(16, 3, 5, 4, 4, seed=seed) for seed in range(2 * CAPTURED_AT)]
    outputs = [on_lstm(*leaves) for leaves in windows]
    found = [torch.autograd.grad(loss_of(out), w) for out, w in zip(outputs, windows, strict=True)]
    for seed, gradients in enumerate(found):
        exact = results(on_lstm_reference, arguments(16, 3, 5, 4, 4, torch.float64, seed))
        assert distance([*outputs[seed], *gradients], exact) < 1e-5


@needs_gpu
def test_threads_and_streams():
    errors = {}

    def work(seed):
        with torch.cuda.stream(torch.cuda.Stream()) if seed % 2 else nullcontext():
            exact = results(on_lstm_reference, arguments(12, 3, 5, 4, 4, torch.float64, seed))
            leaves = arguments(12, 3, 5, 4, 4, seed=seed)
            errors[seed] = max(distance(results(on_lstm, leaves), exact) for _ in range(3 * CAPTURED_AT))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(errors.values()) < 1e-5
    assert len(errors) == 4


@pytest.mark.skipif(INTERPRETED or torch.cuda.is_available(), reason="Triton works here")
def test_where_triton_fails_one_notice_and_the_plain_loop():
    entry.kernel_cell.cache_clear()
    with pytest.warns(UserWarning, match="no Triton kernels .* plain PyTorch"):
        assert entry.kernel_cell(torch.device("cpu")) is None
    with warnings.catch_warnings(action="error"):
        assert entry.kernel_cell(torch.device("cpu")) is None


@needs_gpu
def test_more_levels_than_a_block_take_the_plain_loop(monkeypatch):
    monkeypatch.setattr(entry, "MOST_LEVELS", 4)
    exact = results(on_lstm_reference, arguments(*SIZES[0], torch.float64))
    assert distance(results(on_lstm, arguments(*SIZES[0])), exact) < 1e-5
