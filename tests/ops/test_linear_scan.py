"""Recurrences that are elementwise: the fast ones against the plain loops."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops.linear_scan import (
    forget_mult,
    forget_mult_reference,
    linear_scan,
    linear_scan_reference,
)

PAIRS = {
    "forget_mult": (forget_mult, forget_mult_reference),
    "linear_scan": (linear_scan, linear_scan_reference),
}


def leaves(steps, batch, hidden, dtype=torch.float64):
    draw = torch.Generator().manual_seed(0)
    shapes = [(steps, batch, hidden), (steps, batch, hidden), (batch, hidden)]
    gate, x, c = (torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes)
    return [part.to(dtype).requires_grad_() for part in (gate.sigmoid(), x, c)]


def results(function, arguments):
    states = function(*arguments)
    weight = torch.randn(states.shape, generator=torch.Generator().manual_seed(1), dtype=states.dtype)
    return [states, *torch.autograd.grad((states * weight).sum(), arguments)]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 20), st.sampled_from(list(PAIRS)))
def test_the_fast_one_is_the_plain_loop(steps, batch, hidden, name):
    fast, plain = PAIRS[name]
    arguments = leaves(steps, batch, hidden)
    for a, b in zip(results(fast, arguments), results(plain, arguments), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_numerical_gradients(name):
    assert torch.autograd.gradcheck(PAIRS[name][0], leaves(4, 2, 3))


@pytest.mark.parametrize("name", PAIRS)
def test_single_precision_and_slices(name):
    fast, plain = PAIRS[name]
    gate, x, c = (part.detach() for part in leaves(40, 4, 32))
    exact = plain(gate, x, c)[..., ::2]
    found = fast(gate.float()[..., ::2], x.float()[..., ::2], c.float()[..., ::2])
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", PAIRS)
def test_bf16_gates_meet_a_state_in_fp32(name):
    gate, x, c = (part.detach().float() for part in leaves(10, 2, 3))
    found = PAIRS[name][0](gate.bfloat16(), x.bfloat16(), c)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, PAIRS[name][1](gate, x, c), rtol=0, atol=0.1)


def test_second_derivatives_are_refused():
    arguments = leaves(3, 2, 2)
    with pytest.raises(OnlstmError, match="no second derivatives"):
        torch.autograd.grad(linear_scan(*arguments).sum(), arguments, create_graph=True)
