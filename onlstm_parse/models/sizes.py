"""Widths that make models comparable: as many parameters as ON-LSTM has under the same settings."""

from __future__ import annotations

from dataclasses import replace

import torch

from onlstm_parse.models import KINDS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.network_config import NetworkConfig
from onlstm_parse.registry import resolve


def encoder_parameters(config: NetworkConfig) -> int:
    """Trained parameters without those that each word of the vocabulary has."""
    build = resolve(KINDS[config.kind].network)
    with torch.device("meta"):
        few, more = (build(config.for_vocabulary(1), words).parameter_count() for words in (1, 2))
    return 2 * few - more


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

    def distance(units: int) -> int:
        return abs(encoder_parameters(replace(config, hidden=units * step)) - target)

    few, many = 1, 2
    while encoder_parameters(replace(config, hidden=many * step)) < target:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        if encoder_parameters(replace(config, hidden=middle * step)) < target:
            few = middle
        else:
            many = middle
    return replace(config, hidden=min(few, many, key=distance) * step)
