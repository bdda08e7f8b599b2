"""Weights of a cell whose gate scales the candidate's part from h, but not its part from x."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def split_candidate(weight_ih: Tensor, bias_ih: Tensor, bias_hh: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Give the two parts of the candidate, the last `size` rows, a gate of the cell each.

    weight_ih (R, I), biases (R,) -> weight (R + size, I) and bias (R + size,): the gates before the
    candidate, its part from h, that from x. The recurrent weight (R, H) reaches all but the last.
    """
    weight = torch.cat((pad(weight_ih[:-size], (0, 0, 0, size)), weight_ih[-size:]))
    bias = torch.cat((bias_ih[:-size] + bias_hh[:-size], bias_hh[-size:], bias_ih[-size:]))
    return weight, bias
