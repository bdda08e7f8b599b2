import gzip
import sys

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from onlstm_parse import corpora
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.corpus import prepare
from onlstm_parse.text.reading import read_lines


@pytest.fixture
def store():
    """A place of files that only fsspec reaches."""
    files = fsspec.filesystem("memory")
    files.pipe({"/texts/b.txt.gz": gzip.compress(b"2\n"), "/texts/a.txt": b"1\n" * 300, "/texts/c.csv": b""})
    yield files
    files.rm("/texts", recursive=True)


@pytest.mark.parametrize("name", ["memory://texts", "memory://texts/*.txt*"])
def test_folders_and_patterns_elsewhere(store, name):
    found = corpora.locate_text(name)
    assert [str(one) for one in found] == ["memory:///texts/a.txt", "memory:///texts/b.txt.gz"]
    assert list(read_lines(found)) == ["1"] * 300 + ["2"]
    assert corpora.lasting(name) == name


def test_ids_are_made_again_when_the_server_has_another_version(store, tmp_path):
    config = TextConfig("whitespace", "none")
    text = corpora.locate_text("memory://texts/a.txt")
    first = prepare(text, config, cache=tmp_path)
    assert prepare(text, config, cache=tmp_path).train.fingerprint == first.train.fingerprint
    store.pipe("/texts/a.txt", b"one\n" * 400)
    assert prepare(text, config, cache=tmp_path).train.tokens > first.train.tokens


def test_what_is_not_there(store):
    with pytest.raises(OnlstmError, match=r"memory://texts/none\.txt: no such file"):
        list(read_lines(["memory://texts/none.txt"]))
    with pytest.raises(OnlstmError, match=r"memory://texts/\*\.pdf: expected \*\.txt"):
        corpora.locate_text("memory://texts/*.pdf")


def test_a_damaged_file_elsewhere(store):
    store.pipe("/texts/b.txt.gz", gzip.compress(b"2\n")[:-3])
    with pytest.raises(OnlstmError, match="expected a whole gzip file"):
        list(read_lines(["memory://texts/b.txt.gz"]))


class NoCredentialsError(Exception):
    """As botocore raises it: an error of no usual family."""


@pytest.mark.parametrize("method", ["_open", "info"])
def test_without_credentials(store, monkeypatch, method):
    def refuse(*_, **__):
        raise NoCredentialsError("Unable to locate credentials")

    monkeypatch.setattr(MemoryFileSystem, method, refuse)
    with pytest.raises(
        OnlstmError, match=r"a\.txt: cannot read: Unable to locate credentials.*your credentials"
    ):
        prepare(["memory://texts/a.txt"], TextConfig("whitespace"))


def test_without_the_package_for_the_address(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UsageError, match=r"s3://bucket/a\.txt: .*s3fs"):
        corpora.locate_text("s3://bucket/a.txt")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError, match=r"onlstm-parse\[remote\]"):
        corpora.locate_text("s3://bucket/a.txt")
