from __future__ import annotations

import pytest
import torch

from onlstm_parse.ops.dropout import dropconnect, dropout_mask, embedding_dropout, variational_dropout


@pytest.mark.parametrize("rate", [0.1, 0.45, 0.9])
def test_a_mask_drops_its_share_everywhere_and_keeps_the_mean(rate: float) -> None:
    torch.manual_seed(1)
    mask = dropout_mask(torch.empty(400, 1003), rate)  # a size that 4 does not divide
    assert mask.unique().tolist() == pytest.approx([0, 1 / (1 - rate)], rel=1e-4)
    error = 5 * (rate * (1 - rate) / 401_200) ** 0.5
    assert (mask == 0).float().mean().item() == pytest.approx(rate, abs=error)
    for remainder in range(4):  # elements share a draw of 64 bits by four
        share = (mask.flatten()[remainder::4] == 0).float().mean().item()
        assert share == pytest.approx(rate, abs=2 * error)
    neighbours = torch.corrcoef(mask.flatten()[:401_196].view(-1, 4).T) - torch.eye(4)
    assert neighbours.abs().max() < 0.02


def test_a_rate_just_below_1_is_a_rate() -> None:
    mask = dropout_mask(torch.empty(1000), 1 - 1e-9)
    assert mask.isfinite().all()
    assert (mask == 0).sum() > 990


def test_masks_follow_the_seed_and_differ_from_call_to_call() -> None:
    weight = torch.ones(64, 64)
    torch.manual_seed(3)
    first, second = dropconnect(weight, 0.5, True), dropconnect(weight, 0.5, True)
    torch.manual_seed(3)
    assert torch.equal(first, dropconnect(weight, 0.5, True))
    assert not torch.equal(first, second)


def test_a_variational_mask_is_shared_by_all_steps() -> None:
    dropped = variational_dropout(torch.ones(5, 3, 40), 0.5, True)
    assert torch.equal(dropped, dropped[:1].expand_as(dropped))
    assert not torch.equal(dropped[0, 0], dropped[0, 1])


def test_embedding_dropout_drops_whole_words() -> None:
    dropped = embedding_dropout(torch.arange(200).repeat(3, 1), torch.ones(200, 6), 0.5, True)
    assert torch.equal(dropped, dropped[:1, :, :1].expand_as(dropped))
    assert 0 < (dropped[0, :, 0] == 0).sum() < 200
    weight, words = torch.randn(5, 2), torch.tensor([[4, 0]])
    for off in ((0.0, True), (0.5, False)):
        assert torch.equal(embedding_dropout(words, weight, *off), weight[words])


@pytest.mark.parametrize("dropout", [variational_dropout, dropconnect])
def test_nothing_is_dropped_at_rate_0_or_out_of_training(dropout: object) -> None:
    assert callable(dropout)
    x = torch.randn(4, 3, 2)
    assert dropout(x, 0.5, False) is x
    assert dropout(x, 0.0, True) is x


def test_gradients_are_dropped_with_what_they_belong_to() -> None:
    weight = torch.randn(50, 50, dtype=torch.float64, requires_grad=True)
    dropped = dropconnect(weight, 0.3, True)
    dropped.sum().backward()
    assert torch.equal(weight.grad == 0, dropped == 0)
