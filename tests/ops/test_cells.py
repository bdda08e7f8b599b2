"""The compiled recurrences of the models that torch has slowly or not at all, against plain loops."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops import gru, lstm, lstm_peephole, mgu, minimal_rnn, native, rnn

# Each module with the rows of its weights by unit.
MODULES = [(rnn, 1), (gru, 3), (mgu, 2), (minimal_rnn, 1), (lstm, 4), (lstm_peephole, 4)]
NAMES = [module.__name__.rpartition(".")[2] for module, _ in MODULES]
SIZES = [(1, 1, 1, 1), (1, 3, 4, 5), (6, 1, 7, 3), (7, 3, 5, 6), (4, 13, 9, 34)]


def functions(module):
    name = module.__name__.rpartition(".")[2]
    return getattr(module, name), getattr(module, f"{name}_reference")


def leaves(module, rows: int, sizes: tuple[int, ...], dtype: torch.dtype) -> list[Tensor]:
    steps, batch, inputs, units = sizes
    inputs = units if module is minimal_rnn else inputs
    cells = [(batch, units)] if module in (lstm, lstm_peephole) else []
    peepholes = [(3, units)] if module is lstm_peephole else []
    weights = [(rows * units, inputs), (rows * units,), (rows * units, units), (rows * units,)]
    shapes = [(steps, batch, inputs), (batch, units), *cells, *weights, *peepholes]
    generator = torch.Generator().manual_seed(1)
    drawn = [torch.randn(shape, generator=generator) / units**0.5 for shape in shapes]
    return [part.to(dtype).requires_grad_() for part in drawn]


def everything(function, given: list[Tensor]) -> list[Tensor]:
    """Outputs, states, gates, and the gradient of every argument from all of them."""
    results = function(*given)
    generator = torch.Generator().manual_seed(2)
    loss = sum((part * torch.randn(part.shape, generator=generator)).sum() for part in results)
    return [*(part.detach() for part in results), *torch.autograd.grad(loss, given)]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("module", "rows"), MODULES, ids=NAMES)
def test_the_fast_recurrence_is_the_reference(module, rows, sizes, compiled, monkeypatch) -> None:
    fast, reference = functions(module)
    exact = everything(reference, leaves(module, rows, sizes, torch.float64))
    if not compiled:
        monkeypatch.setattr(native, "library", lambda dtype: None)
    for dtype, close in ((torch.float64, 1e-10), (torch.float32, 1e-4)):
        for ours, theirs in zip(everything(fast, leaves(module, rows, sizes, dtype)), exact, strict=True):
            torch.testing.assert_close(ours.double(), theirs, rtol=close, atol=close)


@pytest.mark.parametrize(("module", "rows"), MODULES, ids=NAMES)
def test_bf16_products_are_near(module, rows) -> None:
    fast, reference = functions(module)
    given = [part.detach() for part in leaves(module, rows, (6, 4, 8, 16), torch.float32)]
    with torch.autocast("cpu", torch.bfloat16):
        results = fast(*given)
    for ours, theirs in zip(results, reference(*given), strict=True):
        torch.testing.assert_close(ours.float(), theirs, rtol=2e-2, atol=2e-2)


@pytest.mark.skipif(native.find_compiler() is None, reason="no C++ compiler")
@pytest.mark.parametrize(("module", "rows"), MODULES, ids=NAMES)
def test_second_derivatives_are_refused(module, rows) -> None:
    given = leaves(module, rows, (3, 2, 4, 4), torch.float64)
    with pytest.raises(OnlstmError, match="second derivatives"):
        torch.autograd.grad(functions(module)[0](*given)[0].sum(), given[0], create_graph=True)
