import io

import pytest

from onlstm_parse import corpora
from onlstm_parse.errors import OnlstmError
from onlstm_parse.text import sources


def test_files_folders_and_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts" / "more").mkdir(parents=True)
    names = ["a.txt", "b.txt.zst", "c.parquet", "notes.md", "more/d.txt"]
    for name in names:
        (tmp_path / "texts" / name).write_text("")
    found = {
        "texts": ["texts/a.txt", "texts/b.txt.zst", "texts/c.parquet"],
        "texts/notes.md": ["texts/notes.md"],
        "texts/*.txt": ["texts/a.txt"],
        "texts/**/*.txt": ["texts/a.txt", "texts/more/d.txt"],
        f"{tmp_path}/t*/[ac].*": [f"{tmp_path}/texts/a.txt", f"{tmp_path}/texts/c.parquet"],
        "texts/c.parquet:words": ["texts/c.parquet:words"],
        "nowhere/*.txt": [],
        "ptb-lm": [],
    }
    for name, expected in found.items():
        assert [str(one) for one in sources.listed(name)] == expected
    assert corpora.lasting("texts/*.txt") == f"{tmp_path}/texts/*.txt"
    with pytest.raises(OnlstmError, match="that match 'nowhere/"):
        corpora.locate_text("nowhere/*.txt")


def test_standard_input_is_kept_for_every_pass(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLSTM_CACHE", str(tmp_path))
    sources.kept_input.cache_clear()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("树\n".encode())))
    (first,) = corpora.locate_text("-")
    assert corpora.locate_text("-") == [first]
    assert first.read_text(encoding="utf-8") == "树\n"
    assert corpora.lasting("-") == str(first)
    assert list((tmp_path / "input").iterdir()) == [first]
    sources.kept_input.cache_clear()
