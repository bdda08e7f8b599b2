"""What was cut before an error, a full disk or kill -9 is not cut again, and the entry comes out the same."""

import gzip
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from onlstm_parse.errors import OnlstmError
from onlstm_parse.text import corpus, cutting
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.corpus import prepare

WHITESPACE = TextConfig(tokeniser="whitespace")

INTERRUPTED = """
import os, resource, sys
from onlstm_parse.text import corpus
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.growing import Growing

add, added = Growing.add, []
def add_some(self, cut):
    if len(added) == 5 and sys.argv[3] == "killed":
        os.kill(os.getpid(), 9)
    added.append(add(self, cut))
Growing.add = add_some
if sys.argv[3] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))
corpus.CHUNK_CHARACTERS = 1000
corpus.prepare([sys.argv[1]], TextConfig(tokeniser="whitespace"), cache=sys.argv[2], workers=1)
"""


def lines(number, seed=1):
    choose = random.Random(seed)
    words = [f"word{rank}" for rank in range(300)]
    return "".join(" ".join(choose.choices(words, k=8)) + "\n" for _ in range(number))


@pytest.fixture(autouse=True)
def chunks_cut(monkeypatch):
    """The chunks that are cut, of 1,000 characters."""
    monkeypatch.setattr(corpus, "CHUNK_CHARACTERS", 1000)
    chunks = []
    cut = cutting.cut
    monkeypatch.setattr(
        cutting, "cut", lambda chunk, *_, **rest: chunks.append(chunk) or cut(chunk, *_, **rest)
    )
    return chunks


def all_but_the_end(text, config, cache, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("onlstm_parse.text.growing.save_forms", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare([text], config, cache=cache)


def content(cache):
    """All files of the finished entries, by name."""
    (entry,) = (entry for entry in cache.iterdir() if not entry.name.startswith("."))
    return {file.name: file.read_bytes() for file in entry.iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals and limits")
@pytest.mark.parametrize("end", ["killed", "full"])
@pytest.mark.parametrize("torn", [False, True])
def test_a_process_that_ended_early_is_continued(tmp_path, chunks_cut, end, torn):
    text = tmp_path / "text.txt"
    text.write_text(lines(600))
    prepare([text], WHITESPACE, cache=tmp_path / "whole")
    in_all = len(chunks_cut)
    command = [sys.executable, "-c", INTERRUPTED, text, tmp_path / "cache", end]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode == -9) if end == "killed" else "what is done is kept" in ended.stderr
    (unfinished,) = (tmp_path / "cache").iterdir()
    if torn:
        for name in (".log", ".forms", "train.ids"):
            with (unfinished / name).open("ab") as file:
                file.write(b'["1234')
    done = (unfinished / ".log").read_bytes().count(b"\n")
    chunks_cut.clear()
    prepare([text], WHITESPACE, cache=tmp_path / "cache")
    assert done >= 5
    assert len(chunks_cut) == in_all - done
    assert content(tmp_path / "cache") == content(tmp_path / "whole")


def test_who_comes_second_waits(tmp_path, chunks_cut):
    text = tmp_path / "text.txt"
    text.write_text(lines(300))
    prepare([text], WHITESPACE, cache=tmp_path / "whole")
    in_all = len(chunks_cut)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(prepare, [text], WHITESPACE, cache=tmp_path / "cache") for _ in range(2)]
    assert len({prepared.result().train.fingerprint for prepared in both}) == 1
    assert len(chunks_cut) == 2 * in_all
    assert content(tmp_path / "cache") == content(tmp_path / "whole")


def test_a_log_that_promises_more_than_the_files_hold(tmp_path, chunks_cut, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text(lines(300))
    prepare([text], WHITESPACE, cache=tmp_path / "whole")
    in_all = len(chunks_cut)
    all_but_the_end(text, WHITESPACE, tmp_path / "cache", monkeypatch)
    (ids,) = (tmp_path / "cache").glob(".*/train.ids")
    ids.write_bytes(ids.read_bytes()[:2000])
    chunks_cut.clear()
    prepare([text], WHITESPACE, cache=tmp_path / "cache")
    assert 0 < len(chunks_cut) < in_all
    assert content(tmp_path / "cache") == content(tmp_path / "whole")


def test_a_broken_file_in_the_middle_is_replaced(tmp_path, chunks_cut):
    paths = [tmp_path / name for name in ("a.txt", "b.txt.gz", "c.txt")]
    good = gzip.compress(lines(200, 2).encode())
    for path, written in zip(paths, (lines(200).encode(), good[:-100], lines(200, 3).encode()), strict=True):
        path.write_bytes(written)
    with pytest.raises(OnlstmError, match=r"b\.txt\.gz: expected a whole gzip file"):
        prepare(paths, WHITESPACE, cache=tmp_path / "cache")
    done = len(chunks_cut)
    paths[1].write_bytes(good)
    chunks_cut.clear()
    prepare(paths, WHITESPACE, cache=tmp_path / "cache")
    kept = done + len(chunks_cut)
    chunks_cut.clear()
    prepare(paths, WHITESPACE, cache=tmp_path / "whole")
    assert done > 10
    assert kept == len(chunks_cut)
    assert content(tmp_path / "cache") == content(tmp_path / "whole")


def test_a_text_that_was_cut_short_in_between(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(lines(400) + "\xff")
    text.write_bytes(text.read_bytes()[:-1])  # half a character
    with pytest.raises(OnlstmError, match=":401:1: "):
        prepare([text], WHITESPACE, cache=tmp_path / "cache")
    text.write_text(lines(150))
    prepare([text], WHITESPACE, cache=tmp_path / "cache")
    prepare([text], WHITESPACE, cache=tmp_path / "whole")
    assert content(tmp_path / "cache") == content(tmp_path / "whole")


def test_a_tokeniser_that_learns_is_learnt_once_and_from_all(tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text(lines(300))
    pieces = TextConfig(tokeniser="sentencepiece", pieces=60)
    prepare([text], pieces, cache=tmp_path / "whole")
    all_but_the_end(text, pieces, tmp_path / "cache", monkeypatch)
    monkeypatch.setattr("onlstm_parse.text.tokenisers.pieces.SentencePiece.train", None)
    prepare([text], pieces, cache=tmp_path / "cache")
    assert content(tmp_path / "cache") == content(tmp_path / "whole")
