import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import OnlstmError
from onlstm_parse.text.reading import decoded_lines, read_lines


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("a b\nc\n", ["a b", "c"]),
        ("no end", ["no end"]),
        ("\ufeffbom\r\nwindows\r\n", ["bom", "windows"]),
        ("\n \n\na\n\t\n", ["a"]),
        (
            "lone\rreturn\u2028and\u0085more\x0bof\x0cthem\n",
            ["lone\rreturn\u2028and\u0085more\x0bof\x0cthem"],
        ),
        ("nul\0byte\n", ["nul\0byte"]),
        ("长" * 10**6 + "\nb\n", ["长" * 10**6, "b"]),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_what_ends_a_line(tmp_path, content, lines, zipped):
    content = content.encode()
    path = written(tmp_path / "text", gzip.compress(content) if zipped else content)
    assert list(read_lines([path])) == lines


def test_several_files_and_a_byte_order_mark_in_each(tmp_path):
    paths = [written(tmp_path / str(number), f"\ufeff{number}") for number in range(3)]
    paths.append(written(tmp_path / "members", gzip.compress(b"3\n") + gzip.compress(b"4\n")))
    assert list(read_lines(paths)) == ["0", "1", "2", "3", "4"]


def test_every_line_for_parsing(tmp_path):
    with decoded_lines(written(tmp_path / "text", "a\n\n b\r\n")) as lines:
        assert list(lines) == ["a", "", " b"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff")))
def test_any_text_comes_back(tmp_path_factory, text):
    path = written(tmp_path_factory.mktemp("any") / "text", text)
    with decoded_lines(path) as lines:
        found = list(lines)
    expected = text.split("\n")[: -1 if text.endswith("\n") or not text else None]
    assert found == [line.removesuffix("\r") for line in expected]


def test_a_bad_byte_is_placed_in_characters(tmp_path):
    path = written(tmp_path / "text", b"fine\n\n" + "né 长".encode() + b"\xff rest\n")
    with pytest.raises(OnlstmError, match=r"0xff.*--bad-bytes replace") as caught:
        list(read_lines([path]))
    assert (caught.value.file, caught.value.line, caught.value.column) == (path, 3, 5)
    assert list(read_lines([path], "replace")) == ["fine", "né 长\ufffd rest"]


def test_utf16_is_named(tmp_path):
    with pytest.raises(OnlstmError, match="found UTF-16"):
        list(read_lines([written(tmp_path / "text", "hello\n".encode("utf-16"))]))


def test_what_is_no_text_file(tmp_path):
    with pytest.raises(OnlstmError, match="no such file"):
        read_lines([tmp_path / "missing"])
    with pytest.raises(OnlstmError, match="found a folder"):
        read_lines([tmp_path])
    for content in (b"", b"\n \r\n"):
        with pytest.raises(OnlstmError, match="empty file"):
            list(read_lines([written(tmp_path / "empty", content)]))


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:30] + b"junk" + data[34:]])
def test_a_damaged_gzip_file(tmp_path, damage):
    content = " ".join(map(str, range(10_000))).encode()
    with pytest.raises(OnlstmError, match="gzip"):
        list(read_lines([written(tmp_path / "text.gz", damage(gzip.compress(content)))]))


def test_a_failure_of_the_reader_is_not_the_files(tmp_path):
    path = written(tmp_path / "text", "a\n")
    lines = decoded_lines(path)
    assert next(lines.__enter__()) == "a"
    assert not lines.__exit__(BrokenPipeError, BrokenPipeError(), None)
