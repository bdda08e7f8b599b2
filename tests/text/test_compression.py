import gzip

import pytest
import zstandard

from onlstm_parse.errors import FormatError
from onlstm_parse.text.reading import decoded_lines, read_lines

LINES = [f"line {number}" for number in range(100_000)]
CONTENT = "".join(f"{line}\n" for line in LINES).encode()
PACKED = {"gzip": gzip.compress(CONTENT), "Zstandard": zstandard.compress(CONTENT)}


@pytest.mark.parametrize("kind", PACKED)
def test_the_lines_come_back_also_of_several_frames(tmp_path, kind):
    path = tmp_path / "text"
    path.write_bytes(PACKED[kind] * 2)
    assert list(read_lines([path])) == LINES * 2
    with decoded_lines(path) as lines:
        assert list(lines) == LINES * 2


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-9],
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:30] + b"junk" + packed[34:],
        lambda packed: packed + b"junk",
        lambda packed: packed + packed[:50],
    ],
)
def test_a_damaged_file_is_told(tmp_path, kind, damage):
    path = tmp_path / "text"
    path.write_bytes(damage(PACKED[kind]))
    with pytest.raises(FormatError, match=f"text: expected a whole {kind} file, found: .*again"):
        list(read_lines([path]))
