"""Levels from attention: how much neighbouring distributions share."""

import torch

from onlstm_parse.ops.attention import attention_levels, rotate


def test_levels_are_what_neighbours_do_not_share():
    weights = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]).view(1, 1, 3, 3)
    levels = attention_levels(weights, torch.zeros(1, 1, 3))
    torch.testing.assert_close(levels, torch.tensor([[1.0], [0.5], [1.0]]))


def test_hard_levels_are_heads_that_turn():
    stay, turn = [[0.6, 0.4], [0.9, 0.1]], [[0.6, 0.4], [0.1, 0.9]]
    levels = attention_levels(torch.tensor([[stay, turn]]), torch.zeros(1, 2, 2), hard=True)
    torch.testing.assert_close(levels, torch.tensor([[1.0], [0.5]]))


def test_rotation_keeps_length_and_sees_distance_only():
    x, y = torch.randn(2, 1, 1, 1, 7, dtype=torch.float64)
    torch.testing.assert_close(rotate(x, torch.tensor([5])).norm(), x.norm())
    products = [(rotate(x, torch.tensor([k])) * rotate(y, torch.tensor([k + 3]))).sum() for k in (0, 40)]
    torch.testing.assert_close(*products)


def test_far_positions_are_as_exact_as_near_ones():
    x, y = torch.randn(2, 1, 1, 1, 64)
    near, far = ((rotate(x, torch.tensor([k])) * rotate(y, torch.tensor([k + 3]))).sum() for k in (0, 10**8))
    torch.testing.assert_close(near, far)
    rows = rotate(torch.cat((x, x)), torch.tensor([[[7]], [[10**8]]]))
    torch.testing.assert_close(rows[1], rotate(x, torch.tensor([10**8]))[0])
