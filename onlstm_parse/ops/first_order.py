"""Refuse second derivatives: gradients written by hand have no graph of their own."""

from __future__ import annotations

import torch

from onlstm_parse.errors import OnlstmError


def refuse_second_derivatives() -> None:
    """Call this in a hand-written backward pass. Raises OnlstmError under `create_graph=True`.

    `torch.autograd.function.once_differentiable` treats the gradient as a constant if the incoming gradient
    has no graph. Second derivatives would then be wrong without a warning.
    """
    if torch.is_grad_enabled():
        raise OnlstmError(
            "gradients written by hand have no second derivatives (create_graph=True)",
            remedy="use the plain recurrence, onlstm_parse.ops.on_lstm.reference",
        )
