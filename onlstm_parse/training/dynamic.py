"""Dynamic evaluation: the weights follow the text that is measured.

Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", in its form with plain gradient descent:
after a window has been predicted, θ ← θ − η ∇L(θ), where L is the mean loss of the window. Left out: steps
scaled by the gradients of the training text, and the decay towards the trained weights.
"""

from __future__ import annotations

import math
from copy import deepcopy

import torch

from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.objectives import predict
from onlstm_parse.ops.precision import products_in
from onlstm_parse.text.batches import Stream
from onlstm_parse.training.optimisers import Sgd


def dynamic_perplexity(model: LanguageModel, stream: Stream, rate: float, precision: str = "fp32") -> float:
    """The perplexity of one pass over `stream` with carried state, dropout off; `rate` is η.

    Every window is predicted before the weights have seen it. `model` itself does not change. Raises
    UsageError for a rate below 0, OnlstmError where the rate is so large that the loss is no number.
    """
    if not 0 <= rate < math.inf:
        raise UsageError(f"expected a learning rate of 0 or more, found {rate}")
    model = deepcopy(model).eval().requires_grad_(True)
    optimiser = Sgd([([*model.parameters()], 1.0)])
    state, loss, predicted = None, 0.0, 0
    for step in range(stream.steps):
        inputs, targets = (torch.from_numpy(part).to(model.bias.device) for part in stream.window(step))
        with model.without_levels(), products_in(precision, model.bias.device):
            encoded, hidden, words = predict(model, inputs, targets, state)
            mean = model.loss(hidden, words)
        optimiser.zero_grad()
        mean.backward()
        optimiser.step(rate)
        state = [tuple(part.detach() for part in layer) for layer in encoded.state]
        loss, predicted = loss + len(words) * float(mean.detach()), predicted + len(words)
    if not math.isfinite(loss):
        raise OnlstmError(
            f"the weights left all bounds at learning rate {rate:g}", remedy="give a smaller --dynamic-rate"
        )
    return math.exp(min(loss / predicted, 700.0))
