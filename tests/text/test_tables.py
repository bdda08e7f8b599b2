import sys

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

from onlstm_parse import corpora
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.text.reading import decoded_lines, read_lines

CELLS = ["a dog", None, "", "two\r\nlines", " \n", *map(str, range(10_000))]
LINES = ["a dog", "two", "lines", *map(str, range(10_000))]


def arrow_file(table, path):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3000)


def arrow_stream(table, path):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


KINDS = {
    "a.parquet": pa.parquet.write_table,
    "file.arrow": arrow_file,
    "stream.arrow": arrow_stream,
}


def written(path, cells=CELLS, column="text", kind=None):
    table = pa.table({"id": list(range(len(cells))), column: pa.array(cells, kind or pa.string())})
    KINDS[path.name](table, path)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_cells_are_lines(tmp_path, name):
    assert list(read_lines([written(tmp_path / name)])) == LINES
    with decoded_lines(tmp_path / name) as lines:
        assert list(lines) == [*LINES[:1], "", *LINES[1:3], " ", "", *LINES[3:]]
    words = written(tmp_path / name, column="words", kind=pa.dictionary(pa.int32(), pa.string()))
    assert list(read_lines([f"{words}:words"])) == LINES
    assert list(read_lines(corpora.locate_text(f"{tmp_path}/*.{name.split('.')[1]}:words"))) == LINES
    assert corpora.lasting(f"{words}:words") == f"{words}:words"


@pytest.mark.parametrize("name", KINDS)
def test_a_column_that_will_not_do(tmp_path, name):
    path = written(tmp_path / name, column="words")
    with pytest.raises(FormatError, match=r"expected a column 'text', found id, words; .*FILE:COLUMN"):
        list(read_lines([path]))
    with pytest.raises(FormatError, match="expected text in column 'id', found int64"):
        list(read_lines([f"{path}:id"]))
    with pytest.raises(FormatError, match="found an empty file"):
        list(read_lines([written(path, cells=[None, " "])]))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("damage", [lambda data: data[:-2000], lambda data: data[:9], lambda data: b"text\n"])
def test_a_damaged_table(tmp_path, name, damage):
    path = written(tmp_path / name)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match=f"{name}: expected a whole table, found: "):
        list(read_lines([path]))


def test_without_pyarrow(tmp_path, monkeypatch):
    path = written(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"onlstm-parse\[arrow\]"):
        list(read_lines([path]))


def test_a_missing_table_is_named_without_its_column(tmp_path):
    with pytest.raises(OnlstmError, match=r"a\.parquet: no such file"):
        read_lines([tmp_path / "a.parquet:words"])
