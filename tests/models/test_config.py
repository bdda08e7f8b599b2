"""Impossible settings are refused, with a remedy."""

import pytest

from onlstm_parse.errors import UsageError
from onlstm_parse.models.config import ModelConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chunk": 15}, r"chunk 15 does not divide embedding 256; try --chunk 16"),
        (
            {"hidden": 100, "embedding": 64, "chunk": 16},
            r"chunk 16 does not divide hidden 100; try --chunk 20",
        ),
        ({"model": "on-ltsm"}, r"unknown model 'on-ltsm'; did you mean on-lstm"),
        ({"layers": 0}, "layers must be at least 1"),
        ({"dropconnect": 1.0}, "dropconnect must be at least 0 and below 1"),
        ({"dropout_input": -0.1}, "dropout_input must be at least 0"),
    ],
)
def test_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        ModelConfig(**settings)
