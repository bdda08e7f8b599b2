"""The chunked loss is cross-entropy: value and every gradient."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops import native
from onlstm_parse.ops import tied_cross_entropy as module
from onlstm_parse.ops.tied_cross_entropy import tied_cross_entropy, token_losses


def leaves(tokens=11, units=6, words=17, dtype=torch.float64):
    draw = torch.Generator().manual_seed(0)
    shapes = (tokens, units), (words, units), (words,)
    tensors = [torch.randn(s, generator=draw, dtype=torch.float64).to(dtype).requires_grad_() for s in shapes]
    return tensors, torch.randint(0, words, (tokens,), generator=draw)


@pytest.mark.parametrize("rows", [1, 4, 11, 512])
@pytest.mark.parametrize("words", [17, 1024, 2500])  # the compiled pass takes 1,024 at a time
@pytest.mark.parametrize("compiled", [True, False])
def test_value_and_gradients(rows, words, compiled, monkeypatch):
    monkeypatch.setattr(module, "_rows", lambda weight: rows)
    if not compiled:
        monkeypatch.setattr(native, "library", lambda dtype: None)
    (hidden, weight, bias), targets = leaves(words=words)
    plain = cross_entropy(hidden @ weight.t() + bias, targets)
    chunked = tied_cross_entropy(hidden, weight, bias, targets)
    torch.testing.assert_close(chunked, plain, rtol=0, atol=1e-12)
    for a, b in zip(
        torch.autograd.grad(3 * chunked, (hidden, weight, bias)),
        torch.autograd.grad(3 * plain, (hidden, weight, bias)),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
    each = cross_entropy(hidden @ weight.t() + bias, targets, reduction="none")
    torch.testing.assert_close(token_losses(hidden, weight, bias, targets), each, rtol=0, atol=1e-12)


def test_bf16_is_close_and_second_derivatives_are_refused():
    (hidden, weight, bias), targets = leaves(dtype=torch.float32)
    plain = cross_entropy(hidden @ weight.t() + bias, targets)
    with torch.autocast("cpu", torch.bfloat16):
        low = tied_cross_entropy(hidden, weight, bias, targets)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, plain, rtol=0.02, atol=0.02)
    with pytest.raises(OnlstmError, match="second derivatives"):
        torch.autograd.grad(low, hidden, create_graph=True)
