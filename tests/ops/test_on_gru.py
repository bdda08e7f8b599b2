from __future__ import annotations

import pytest
import torch
from torch import Tensor

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops.on_gru import on_gru, on_gru_reference

SIZES = [(1, 1, 1, 1, 1), (1, 1, 3, 4, 2), (7, 3, 5, 6, 1), (5, 2, 4, 3, 5), (4, 13, 9, 2, 17)]


def leaves(sizes: tuple[int, ...], dtype: torch.dtype) -> list[Tensor]:
    steps, batch, inputs, n, chunk = sizes
    units = n * chunk
    rows = 3 * units + 2 * n
    shapes = (steps, batch, inputs), (batch, units), (rows, inputs), (rows,), (rows, units), (rows,)
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in shapes]


def everything(function, given: list[Tensor], form: str) -> list[Tensor]:
    """Outputs, state, f̃, and the gradient of every argument from all of them."""
    results = function(*given, form)
    generator = torch.Generator().manual_seed(2)
    loss = sum((part * torch.randn(part.shape, generator=generator)).sum() for part in results)
    return [*(part.detach() for part in results), *torch.autograd.grad(loss, given)]


@pytest.mark.parametrize("form", ["complement", "reversed"])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_the_compiled_recurrence_is_the_reference(sizes, form, dtype, close) -> None:
    fast = everything(on_gru, leaves(sizes, dtype), form)
    for ours, exact in zip(fast, everything(on_gru_reference, leaves(sizes, dtype), form), strict=True):
        torch.testing.assert_close(ours, exact, rtol=close, atol=close)


def test_bf16_products_are_near() -> None:
    given = leaves((6, 4, 8, 4, 4), torch.float32)
    given = [(part * 0.3).detach().requires_grad_() for part in given]
    exact = everything(on_gru_reference, given, "complement")
    with torch.autocast("cpu", torch.bfloat16):
        results = on_gru(*given)
    for ours, theirs in zip(results, exact[:3], strict=True):
        torch.testing.assert_close(ours.float(), theirs, rtol=2e-2, atol=2e-2)


def test_second_derivatives_are_refused() -> None:
    given = leaves((3, 2, 4, 2, 2), torch.float64)
    with pytest.raises(OnlstmError, match="second derivatives"):
        torch.autograd.grad(on_gru(*given)[0].sum(), given[0], create_graph=True)
