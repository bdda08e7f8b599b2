"""The recurrence: published figures, the plain loop against the fast one, the ordered update's meaning."""

import copy
import itertools
import pickle
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.errors import OnlstmError
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.on_lstm import OnLstm
from onlstm_parse.ops import native
from onlstm_parse.ops.master_gates import (
    MASTER_INPUT_FORMS,
    cumax,
    hard_level,
    master_input_gate,
    ordered_update,
)
from onlstm_parse.ops.on_lstm import on_lstm
from onlstm_parse.ops.on_lstm.reference import OnLstmOutput, on_lstm_reference


def on_lstm_uncompiled(*arguments):
    """The fast path without the compiled loop."""
    with mock.patch.object(native, "library", return_value=None):
        return on_lstm(*arguments)


PATHS = {"reference": on_lstm_reference, "fast": on_lstm, "uncompiled": on_lstm_uncompiled}
FAST = ["fast", "uncompiled"]
WEIGHTS = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")


def arguments(steps, batch, inputs, n, chunk, dtype=torch.float64, seed=0):
    """Leaves x, h, c, weight_ih, bias_ih, weight_hh, bias_hh that require gradients."""
    draw = torch.Generator().manual_seed(seed)
    hidden, rows = n * chunk, 4 * n * chunk + 2 * n
    shapes = [
        (steps, batch, inputs),
        (batch, hidden),
        (batch, n, chunk),
        (rows, inputs),
        (rows,),
        (rows, hidden),
    ]
    return [
        torch.randn(shape, generator=draw, dtype=torch.float64).to(dtype).requires_grad_()
        for shape in [*shapes, (rows,)]
    ]


def results(path, leaves, form):
    """All outputs, and the gradients of a random sum of all of them."""
    outputs = PATHS[path](*leaves, form)
    draw = torch.Generator().manual_seed(1)
    loss = sum(
        (part * torch.randn(part.shape, generator=draw, dtype=torch.float64).to(part.dtype)).sum()
        for part in outputs
    )
    return [*outputs, *torch.autograd.grad(loss, leaves)]


def distance(a, b):
    return ((a - b).abs().max() / (b.abs().max() + 1e-30)).item()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", ["small", "chunk1", "long"])
def test_agrees_with_the_published_implementation(golden, case, path):
    stored = np.load(golden / "onlstm_stack.npz")
    figures = {
        key.removeprefix(f"{case}/"): stored[key] for key in stored.files if key.startswith(f"{case}/")
    }
    depth = len({key.split("/")[0] for key in figures if key.startswith("layer")})
    x = torch.from_numpy(figures["x"]).requires_grad_()
    layers, value = [], x
    for k in range(depth):
        names = ("h0", "c0", *WEIGHTS)
        leaves = {name: torch.from_numpy(figures[f"layer{k}/{name}"]).requires_grad_() for name in names}
        output = PATHS[path](value, *leaves.values())
        layers.append((leaves, output))
        value = output.out
    (value * torch.from_numpy(figures["loss_weight"])).sum().backward()

    compared = 0

    def agree(found, key):
        nonlocal compared
        np.testing.assert_allclose(found.detach().numpy(), figures[key], rtol=0, atol=1e-10, err_msg=key)
        compared += 1

    agree(value, "out")
    agree(x.grad, "dx")
    agree(torch.stack([output.level_forget for _, output in layers]), "level_forget")
    agree(torch.stack([output.level_input for _, output in layers]), "level_input")
    for k, (leaves, output) in enumerate(layers):
        agree(output.out, f"layer{k}/h")
        agree(output.h, f"layer{k}/hT")
        agree(output.c, f"layer{k}/cT")
        for name in WEIGHTS:
            agree(leaves[name].grad, f"layer{k}/d_{name}")
        agree(leaves["h0"].grad, f"layer{k}/dh0")
        agree(leaves["c0"].grad, f"layer{k}/dc0")
    assert compared == 4 + 9 * depth == 31


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 7),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from(MASTER_INPUT_FORMS),
    st.sampled_from(FAST),
)
def test_fast_path_is_the_reference(steps, batch, inputs, n, chunk, form, path):
    leaves = arguments(steps, batch, inputs, n, chunk)
    for fast, plain in zip(results(path, leaves, form), results("reference", leaves, form), strict=True):
        assert distance(fast, plain) < 1e-12


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7, 13, 25])
def test_products_as_wide_as_several_panels(batch):
    """Compiled products take few rows with several panels of columns at a time, and tiles of like height."""
    leaves = arguments(3, batch, 4, 5, 30)
    found, exact = results("fast", leaves, "complement"), results("reference", leaves, "complement")
    assert max(distance(a, b) for a, b in zip(found, exact, strict=True)) < 1e-12
    single = results("fast", scaled(3, batch, 4, 5, 30, torch.float32), "complement")
    exact = results("reference", scaled(3, batch, 4, 5, 30, torch.float64), "complement")
    assert max(distance(a.double(), b) for a, b in zip(single, exact, strict=True)) < 1e-5


def scaled(steps, batch, inputs, n, chunk, dtype):
    """Arguments of the size that training has: weights of about 1 / sqrt(units)."""
    leaves = arguments(steps, batch, inputs, n, chunk, torch.float64)
    units = n * chunk
    return [
        (leaf.detach() / units**0.5 if k >= 3 else leaf.detach()).to(dtype).requires_grad_()
        for k, leaf in enumerate(leaves)
    ]


@pytest.mark.parametrize("form", MASTER_INPUT_FORMS)
@pytest.mark.parametrize("path", FAST)
@pytest.mark.parametrize("sizes", [(30, 13, 8, 4, 4), (1, 1, 3, 5, 3), (9, 25, 17, 1, 37), (12, 3, 5, 19, 1)])
def test_fast_path_in_fp32_and_bf16(sizes, path, form):
    exact = results("reference", scaled(*sizes, torch.float64), form)
    single = results(path, scaled(*sizes, torch.float32), form)
    assert max(distance(a.double(), b) for a, b in zip(single, exact, strict=True)) < 1e-5
    with torch.autocast("cpu", torch.bfloat16):
        low = results(path, scaled(*sizes, torch.float32), form)
    assert low[1].dtype == low[2].dtype == low[3].dtype == torch.float32  # h, c and levels
    assert max(distance(a.double(), b) for a, b in zip(low, exact, strict=True)) < 2e-2


def test_non_contiguous_input_and_no_gradient():
    leaves = arguments(5, 3, 4, 2, 3)
    x = leaves[0].detach().transpose(0, 1).contiguous().transpose(0, 1)
    with torch.inference_mode():
        found = on_lstm(x, *leaves[1:])
    for a, b in zip(found, on_lstm_reference(*leaves), strict=True):
        assert distance(a, b) < 1e-12


def test_second_derivatives_are_refused():
    leaves = arguments(3, 2, 4, 2, 3)
    with pytest.raises(OnlstmError, match="no second derivatives"):
        torch.autograd.grad(on_lstm(*leaves).out.sum(), leaves[0], create_graph=True)


def test_layers_survive_copying_and_pickling():
    layer = OnLstm(8, 12, ModelConfig(embedding=12, hidden=12, chunk=3)).eval()
    x = torch.randn(4, 2, 8)
    expected = layer(x, layer.initial_state(2))[0]
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin(x, twin.initial_state(2))[0], expected)


def test_master_gates_rise_and_fall():
    logits = torch.randn(5, 9, dtype=torch.float64)
    forget = cumax(logits)
    assert torch.all(forget.diff() >= 0)
    torch.testing.assert_close(forget[:, -1], torch.ones(5, dtype=torch.float64))
    for form in MASTER_INPUT_FORMS:
        assert torch.all(master_input_gate(logits, form).diff() <= 0)
    # complement: what cumax leaves over; reversed: the softmax share of the level itself is let in too
    shares = logits.softmax(-1)
    difference = master_input_gate(logits, "reversed") - master_input_gate(logits, "complement")
    torch.testing.assert_close(difference, shares)


@pytest.mark.parametrize(("d_f", "d_i"), list(itertools.product(range(6), repeat=2)))
def test_one_hot_levels_give_the_piecewise_update(d_f, d_i):
    """Chunks below d_f are overwritten, between d_f and d_i updated, above d_i kept (equation 14)."""
    n, chunk = 5, 3
    f, i, z, c = torch.rand(4, 1, n, chunk, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    level = torch.arange(n).view(1, n, 1)
    soft = ordered_update((level >= d_f).double(), (level < d_i).double(), f, i, z, c)
    lstm = f * c + i * z
    for k in range(n):
        if d_f <= k < d_i:
            expected = lstm
        elif d_f <= d_i:
            expected = z if k < d_f else c
        else:  # between d_i and d_f nothing is written and nothing kept
            expected = z if k < d_i else c if k >= d_f else torch.zeros_like(c)
        torch.testing.assert_close(soft[:, k], expected[:, k])


def test_one_hot_masters_come_from_the_gates_themselves():
    """A huge logit makes cumax a step at d: the whole recurrence then has the level (d + 0) / n."""
    n, chunk, d = 4, 2, 3
    leaves = [leaf.detach() * 0 for leaf in arguments(1, 1, 2, n, chunk)]
    leaves[4][n + d] = 1e4  # bias of the master forget gate
    output = on_lstm(*leaves)
    assert isinstance(output, OnLstmOutput)
    torch.testing.assert_close(hard_level(output.master_forget), output.level_forget)
    torch.testing.assert_close(output.level_forget.squeeze(), torch.tensor(d / n, dtype=torch.float64))
