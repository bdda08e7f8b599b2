"""The logarithm of a softmax's denominator: value, gradients, types."""

import pytest
import torch

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops import native
from onlstm_parse.ops.log_normaliser import log_normaliser


def leaves(rows=5, units=6, columns=17, dtype=torch.float64):
    draw = torch.Generator().manual_seed(0)
    shapes = (rows, units), (columns, units), (columns,)
    return [torch.randn(s, generator=draw, dtype=torch.float64).to(dtype).requires_grad_() for s in shapes]


@pytest.mark.parametrize("sizes", [(5, 6, 17), (1, 1, 1), (3, 64, 1000)])
@pytest.mark.parametrize("compiled", [True, False])
def test_value_and_gradients(sizes, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(native, "library", lambda dtype: None)
    rows, columns, bias = tensors = leaves(*sizes)
    plain = (rows @ columns.t() + bias).logsumexp(1)
    found = log_normaliser(rows, columns, bias)
    torch.testing.assert_close(found, plain, rtol=0, atol=1e-12)
    weights = torch.arange(1.0, len(rows) + 1, dtype=torch.float64)
    expected = torch.autograd.grad((weights * plain).sum(), tensors)
    for a, b in zip(torch.autograd.grad((weights * found).sum(), tensors), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


def test_large_logits_do_not_overflow():
    rows, columns, bias = (1000 * tensor for tensor in leaves(dtype=torch.float32))
    found = log_normaliser(rows, columns, bias)
    torch.testing.assert_close(found, (rows @ columns.t() + bias).logsumexp(1))


def test_bf16_is_close_and_second_derivatives_are_refused():
    tensors = leaves(dtype=torch.float32)
    plain = log_normaliser(*tensors)
    with torch.autocast("cpu", torch.bfloat16):
        low = log_normaliser(*tensors)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, plain, rtol=0.02, atol=0.02)
    with pytest.raises(OnlstmError, match="second derivatives"):
        torch.autograd.grad(low.sum(), tensors[0], create_graph=True)
