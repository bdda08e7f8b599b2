"""Lazy tables: nothing is imported before it is asked for, unknown names suggest near ones."""

from __future__ import annotations

import sys

import pytest

from onlstm_parse.errors import UsageError
from onlstm_parse.registry import Table, nearest


def test_an_entry_is_imported_when_asked_for():
    table = Table("thing", {"splitext": "posixpath:splitext", "absent": "no_such_module_at_all:x"})
    assert list(table) == ["splitext", "absent"]
    assert len(table) == 2
    assert "absent" in table
    assert "no_such_module_at_all" not in sys.modules
    assert table["splitext"]("a.b") == ("a", ".b")
    with pytest.raises(ModuleNotFoundError):
        table["absent"]


def test_an_unknown_name_is_a_usage_error():
    table = Table("model", {"on-lstm": "m:x", "lstm": "m:y"})
    with pytest.raises(UsageError, match="unknown model 'onlstm'; did you mean on-lstm"):
        table["onlstm"]
    with pytest.raises(UsageError, match="known: lstm, on-lstm"):
        table["zzz"]
    assert "zzz" not in table


def test_nearest_takes_a_list():
    assert nearest("tokn", ["token", "gap"]) == "did you mean token?"
