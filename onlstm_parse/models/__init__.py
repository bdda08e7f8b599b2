"""Language models: one kind of layer a file, all in the stack of `base.LanguageModel`."""

from __future__ import annotations

from onlstm_parse.registry import Table

MODELS = Table(
    "model",
    {
        "on-lstm": "onlstm_parse.models.on_lstm:OnLstm",
        "lstm": "onlstm_parse.models.lstm:Lstm",
    },
)
