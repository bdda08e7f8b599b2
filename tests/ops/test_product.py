from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch

import onlstm_parse
from onlstm_parse.ops import native
from onlstm_parse.ops import product as product_module
from onlstm_parse.ops.product import Linear, product, project, transposed

TYPES = [torch.float32, torch.float64, torch.bfloat16]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 1), (16, 16), (17, 31), (130, 257)])
def test_the_transposed_matrix_is_exactly_that(shape: tuple[int, int], dtype: torch.dtype) -> None:
    a = torch.randn(shape).to(dtype)
    assert torch.equal(transposed(a), a.t())
    assert native.library() is None or transposed(a).is_contiguous() or dtype == torch.float64


@pytest.mark.parametrize("dtype", TYPES)
def test_product_with_and_without_bias(dtype: torch.dtype) -> None:
    a, b, bias = torch.randn(9, 5).to(dtype), torch.randn(7, 5).to(dtype), torch.randn(7).to(dtype)
    wanted = a.double() @ b.double().t()
    close = {"rtol": 2e-2, "atol": 2e-2} if dtype == torch.bfloat16 else {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(product(a, b).double(), wanted, **close)
    torch.testing.assert_close(product(a, b, bias).double(), wanted + bias.double(), **close)


@pytest.mark.parametrize("shape", [(0, 5, 7), (3, 0, 7), (3, 5, 0)])
def test_product_of_empty_matrices(shape: tuple[int, int, int]) -> None:
    rows, inner, columns = shape
    assert torch.equal(
        product(torch.ones(rows, inner), torch.ones(columns, inner)), torch.zeros(rows, columns)
    )


def test_project_is_linear_with_its_gradients() -> None:
    x, weight, bias = (
        torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((4, 3, 5), (7, 5), (7,))
    )
    ours = project(x, weight, bias, torch.float64)
    wanted = torch.nn.functional.linear(x, weight, bias)
    torch.testing.assert_close(ours, wanted)
    # A gradient that is not contiguous, as autograd may hand in.
    gradient = torch.randn(3, 4, 7, dtype=torch.float64).transpose(0, 1)
    leaves = (x, weight, bias)
    found = torch.autograd.grad(ours, leaves, gradient)
    for ours_gradient, gradient_of in zip(found, torch.autograd.grad(wanted, leaves, gradient), strict=True):
        torch.testing.assert_close(ours_gradient, gradient_of)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 5), (4, 3, 5), (6, 5)])
def test_linear_in_fp32_is_that_of_torch_with_its_gradients(shape: tuple[int, ...], bias: bool) -> None:
    x = torch.randn(shape, requires_grad=True)
    ours, plain = Linear(5, 7, bias=bias), torch.nn.Linear(5, 7, bias=bias)
    plain.load_state_dict(ours.state_dict())
    gradient = torch.randn(7, *shape[:-1]).movedim(0, -1)
    for linear in (ours, plain):
        linear(x).backward(gradient)
    torch.testing.assert_close(ours(x), plain(x))
    for mine, theirs in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
    wanted = gradient.flatten(0, -2) @ plain.weight.detach()
    torch.testing.assert_close(x.grad, 2 * wanted.view(shape))  # once for each of the two


def test_linear_handles_frozen_weights_and_autocast_as_torch_does() -> None:
    linear = Linear(5, 7)
    linear.weight.requires_grad_(False)
    linear(torch.randn(3, 5)).sum().backward()
    assert linear.weight.grad is None
    assert linear.bias.grad is not None
    with torch.autocast("cpu", torch.bfloat16):
        x = torch.randn(3, 5)
        assert torch.equal(linear(x), torch.nn.functional.linear(x, linear.weight, linear.bias))
        assert linear(x).dtype == torch.bfloat16


@pytest.fixture
def without_onednn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other versions of PyTorch: without the private operator, or with another meaning of it."""
    product_module.has_onednn_linear.cache_clear()
    monkeypatch.setattr(product_module, "torch", Mock(wraps=torch, ops=Mock(mkldnn=SimpleNamespace())))
    yield
    product_module.has_onednn_linear.cache_clear()


def test_products_are_the_same_without_the_private_operator(without_onednn: None) -> None:
    assert not product_module.has_onednn_linear()
    test_linear_in_fp32_is_that_of_torch_with_its_gradients((4, 3, 5), True)
    a, b, bias = torch.randn(9, 5), torch.randn(7, 5), torch.randn(7)
    torch.testing.assert_close(product(a, b, bias), torch.nn.functional.linear(a, b, bias))


@pytest.mark.parametrize("other", [lambda *_: torch.zeros(1, 2), Mock(side_effect=RuntimeError("arguments"))])
def test_an_operator_that_computes_something_else_is_not_used(
    other: object, without_onednn: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = SimpleNamespace(_linear_pointwise=other)
    monkeypatch.setattr(product_module.torch, "ops", Mock(mkldnn=operators))
    assert not product_module.has_onednn_linear()


def test_only_one_file_uses_the_private_operator() -> None:
    files = Path(onlstm_parse.__file__).parent.rglob("*.py")
    assert [path.name for path in files if "ops.mkldnn" in path.read_text()] == ["product.py"]
