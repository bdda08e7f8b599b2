"""Gradients written by hand have no graph of their own: asking for one must not fail silently."""

from __future__ import annotations

import torch

from onlstm_parse.errors import OnlstmError


def refuse_second_derivatives() -> None:
    """To be called in a hand-written backward pass; raises OnlstmError under `create_graph=True`.

    `torch.autograd.function.once_differentiable` would treat the gradient as a constant wherever
    the gradient that comes in has no graph, and give wrong second derivatives without a word.
    """
    if torch.is_grad_enabled():
        raise OnlstmError(
            "gradients written by hand have no second derivatives (create_graph=True)",
            remedy="use the plain recurrence, onlstm_parse.ops.on_lstm.reference",
        )
