"""Widths that make models comparable: as many parameters as ON-LSTM has under the same settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import chain
from math import ceil, sqrt
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from onlstm_parse.models import KINDS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.network_config import NetworkConfig
from onlstm_parse.registry import resolve

DRAWS_OR_SCALES = {"uniform_", "normal_", "__truediv__", "div"}


@cache
def encoder_parameters(config: NetworkConfig) -> int:
    """Trained parameters without those that each word of the vocabulary has."""
    build = resolve(KINDS[config.kind].network)
    with torch.device("meta"), _Shapes():
        few, more = (build(config.for_vocabulary(1), words).parameter_count() for words in (1, 2))
    return 2 * few - more


class _Shapes(TorchFunctionMode):
    """Weights are not drawn or scaled. PyTorch would do that in Python, and import its compiler first."""

    def __torch_function__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        arguments = named or {}
        drawn = getattr(function, "__module__", None) == "torch.nn.init"
        if drawn or function.__name__ in DRAWS_OR_SCALES:
            return next(chain(given, arguments.values()))  # the weights themselves
        return function(*given, **arguments)


def matched(config: NetworkConfig) -> NetworkConfig:
    """`config` with the hidden width nearest to the parameter count that ON-LSTM has at its `hidden`.

    A grammar stays as it is.

    >>> from onlstm_parse.models.config import SIZES
    >>> matched(replace(SIZES["tiny"], model="lstm")).hidden
    133
    """
    if not isinstance(config, ModelConfig) or config.model == "on-lstm" or config.layers == 1:
        return config
    target = encoder_parameters(replace(config, model="on-lstm"))
    step = config.width_step

    @cache
    def count(units: int) -> int:
        return encoder_parameters(replace(config, hidden=units * step))

    few = _most_below(target, count)
    return replace(config, hidden=min(few, few + 1, key=lambda units: abs(count(units) - target)) * step)


def _most_below(target: int, count: Callable[[int], int]) -> int:
    """The most units, at least 1, with a count below the target. Counts rise with units."""
    # Layers have weights from all units to all: the count is a parabola, and this is the answer.
    first, second, third = map(count, (1, 2, 3))
    square = (third - 2 * second + first) / 2
    linear = second - first - 3 * square
    missing = first - square - linear - target
    if square > 0 and missing < 0:
        guess = max(1, ceil((sqrt(linear**2 - 4 * square * missing) - linear) / (2 * square)) - 1)
        if count(guess) < target <= count(guess + 1):
            return guess
    few, many = 1, 2
    while count(many) < target:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if count(middle) < target else (few, middle)
    return few
