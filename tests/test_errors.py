"""Errors: one line that says where, what and what to do."""

from __future__ import annotations

import pickle

import pytest

from onlstm_parse.errors import FormatError, OnlstmError, UsageError


def test_the_message_says_where_what_and_what_to_do():
    error = FormatError("expected '(',\n found 'x'", file="a.mrg", line=3, column=7, remedy="close it")
    assert str(error) == "a.mrg:3:7: expected '(', found 'x'; close it"
    assert str(OnlstmError("nothing to do")) == "nothing to do"
    assert str(OnlstmError("cannot read", file="a")) == "a: cannot read"


@pytest.mark.parametrize(("kind", "status"), [(OnlstmError, 1), (FormatError, 1), (UsageError, 2)])
def test_exit_status_and_family(kind, status):
    assert kind("x").exit_status == status
    assert isinstance(kind("x"), OnlstmError)


def test_an_error_crosses_processes():
    error = FormatError("bad", file="a", line=1, column=2, remedy="mend it")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is FormatError
    assert str(again) == str(error)
    assert (again.file, again.line, again.column, again.remedy) == ("a", 1, 2, "mend it")
