"""The recurrence of ON-GRU: `on_gru` is fast, `on_gru_reference` is plain."""

from onlstm_parse.ops.on_gru.fast import on_gru
from onlstm_parse.ops.on_gru.reference import on_gru_reference

__all__ = ["on_gru", "on_gru_reference"]
