"""Fetching, against a server on this machine that can misbehave."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from onlstm_parse.cli.corpora import main
from onlstm_parse.corpora import CORPORA, download, fetch
from onlstm_parse.corpora.catalogue import Corpus, Remote
from onlstm_parse.errors import FormatError, OnlstmError

BODY = bytes(range(256)) * 2000
URL = "https://example.org/data/file.bin"


class Server(ThreadingHTTPServer):
    """Serves `files` (path -> bytes) under the host of the URL; the rest is misbehaviour."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None, int]] = []  # path, Range, status
        self.ranges = True
        self.breaks: list[int] = []  # after how many bytes the next answers break
        self.failures: list[int] = []  # the statuses of the next answers
        self.weak = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep the log clean: clients leave early on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *arguments: object) -> None: ...

    def do_GET(self) -> None:
        body, wanted = self.server.files.get(self.path.removeprefix("/")), self.headers.get("Range")
        status = self.server.failures.pop(0) if self.server.failures else 200 if body is not None else 404
        etag = f'"{hashlib.md5(body or b"").hexdigest()}"'
        start = 0
        if status == 200 and wanted and self.server.ranges and self.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start < len(body) else 416
        self.server.requests.append((self.path, wanted, status))
        self.send_response(status)
        if status not in (200, 206):
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_header("ETag", f"W/{etag}" if self.server.weak else etag)
        self.send_header("Content-Length", str(len(body) - start))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        stop = start + self.server.breaks.pop(0) if self.server.breaks else len(body)
        self.wfile.write(body[start:stop])


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "FIRST_WAIT", 0.001)
    monkeypatch.setenv("ONLSTM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ONLSTM_CORPORA", raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("ONLSTM_MIRROR", f"http://127.0.0.1:{server.server_port}/")
        server.files["example.org/data/file.bin"] = BODY
        yield server
        server.shutdown()
        thread.join()


def digest(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


# -- one file ----------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_whole_file(server, tmp_path, algorithm):
    seen = []
    download.download(URL, tmp_path / "in" / "f", digest(BODY, algorithm), lambda *at: seen.append(at))
    assert (tmp_path / "in" / "f").read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["f"]


def test_a_break_is_resumed_where_it_was(server, tmp_path):
    server.breaks = [100_000, 150_000]
    download.download(URL, tmp_path / "f", digest(BODY))
    assert (tmp_path / "f").read_bytes() == BODY
    assert [(wanted, status) for _, wanted, status in server.requests] == [
        (None, 200),
        ("bytes=100000-", 206),
        ("bytes=250000-", 206),
    ]


def test_a_later_run_goes_on(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.breaks = [100_000]
    with pytest.raises(OnlstmError, match=r"broke after 100000 of 512000 bytes; .*goes on where it stopped"):
        download.download(URL, tmp_path / "f")
    assert not (tmp_path / "f").exists()
    download.download(URL, tmp_path / "f", digest(BODY))
    assert server.requests[-1][1:] == ("bytes=100000-", 206)


@pytest.mark.parametrize("weakness", ["ranges", "weak"])
def test_a_server_that_cannot_resume_begins_again(server, tmp_path, weakness):
    server.ranges, server.weak = weakness != "ranges", weakness == "weak"
    server.breaks = [100_000]
    download.download(URL, tmp_path / "f", digest(BODY))
    assert (tmp_path / "f").read_bytes() == BODY
    assert [status for _, _, status in server.requests] == [200, 200]


def test_a_file_that_changed_in_between_begins_again(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.breaks = [100_000]
    with pytest.raises(OnlstmError):
        download.download(URL, tmp_path / "f")
    server.files["example.org/data/file.bin"] = BODY[::-1]
    download.download(URL, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY[::-1]


def test_a_part_that_is_too_long_begins_again(server, tmp_path):
    (tmp_path / "f.part").write_bytes(BODY + b"more")
    (tmp_path / "f.part.etag").write_text(f'"{hashlib.md5(BODY).hexdigest()}"')
    download.download(URL, tmp_path / "f", digest(BODY))
    assert [status for _, _, status in server.requests] == [416, 200]


def test_a_wrong_checksum_is_not_kept(server, tmp_path):
    with pytest.raises(FormatError, match=r"expected sha256:.*found sha256:"):
        download.download(URL, tmp_path / "f", digest(b"something else"))
    assert list(tmp_path.iterdir()) == []


def test_a_passing_failure_is_tried_again(server, tmp_path):
    server.failures = [503, 429]
    download.download(URL, tmp_path / "f")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_final_failure_is_told_at_once(server, tmp_path, status):
    server.failures = [status]
    with pytest.raises(OnlstmError, match=f"HTTP {status}.*ONLSTM_MIRROR"):
        download.download(URL, tmp_path / "f")
    assert len(server.requests) == 1


def test_nobody_answers(server, tmp_path, monkeypatch):
    monkeypatch.setenv("ONLSTM_MIRROR", "http://127.0.0.1:1")
    with pytest.raises(OnlstmError, match=r"no connection \(Connection refused\); check the network"):
        download.download(URL, tmp_path / "f")


def test_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLSTM_MIRROR", "nonsense")
    with pytest.raises(OnlstmError, match="ONLSTM_MIRROR: expected https"):
        download.download(URL, tmp_path / "f")


def test_a_full_disk(server, tmp_path, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OnlstmError, match="cannot write: No space left on device; make room"):
        download.download(URL, tmp_path / "f")
    monkeypatch.undo()
    assert not (tmp_path / "f").exists()


# -- a corpus ----------------------------------------------------------------------


def archive(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def corpus(*remotes: Remote, sha256: str | None = None, trees: str = "*.mrg") -> Corpus:
    facts = ("toy", "English", "small", "CC0", "nowhere")
    return Corpus(*facts, trees=(trees,), remotes=remotes, sha256=sha256)


ZIP = Remote("https://example.org/toy.zip", unpack="zip", members="toy/*.mrg toy/README")
MEMBERS = {"toy/a.mrg": "(A a)", "toy/README": "read me", "toy/run.exe": "evil", "toy/b.mrg": "(B b)"}


def test_an_archive_gives_only_what_is_wanted(server, tmp_path):
    server.files["example.org/toy.zip"] = archive(**MEMBERS)
    folder, warning = fetch.fetch(corpus(ZIP))
    assert folder == tmp_path / "cache" / "corpora" / "toy"
    assert warning is None
    assert sorted(path.name for path in folder.iterdir()) == ["README", "a.mrg", "b.mrg"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["toy", "toy.sha256"]
    fetch.fetch(corpus(ZIP))
    assert len(server.requests) == 1  # it is there


def test_a_fetch_that_broke_goes_on(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.files |= {"example.org/1.mrg": b"(A a)", "example.org/2.mrg": BODY}
    remotes = [Remote(f"https://example.org/{k}.mrg", f"{k}.mrg") for k in (1, 2)]
    server.breaks = [100, 100_000]
    with pytest.raises(OnlstmError):
        fetch.fetch(corpus(*remotes))
    assert not (tmp_path / "cache" / "corpora" / "toy").exists()
    folder, _ = fetch.fetch(corpus(*remotes))
    assert (folder / "2.mrg").read_bytes() == BODY
    assert [(path[-5:], wanted) for path, wanted, _ in server.requests] == [
        ("1.mrg", None),
        ("2.mrg", None),
        ("2.mrg", "bytes=100000-"),
    ]


@pytest.mark.parametrize("name", ["../evil.mrg", "/evil.mrg", "toy/../../evil.mrg", "toy\\..\\..\\evil.mrg"])
def test_an_archive_that_points_outside_is_refused(server, tmp_path, name):
    server.files["example.org/toy.zip"] = archive(**MEMBERS, **{name: "evil"})
    with pytest.raises(FormatError, match=r"unsafe archive.*nothing was kept"):
        fetch.fetch(corpus(ZIP))
    assert not list(tmp_path.rglob("*evil*"))
    assert list((tmp_path / "cache" / "corpora").iterdir()) == []


@pytest.mark.parametrize("content", [b"<html>log in</html>", archive(**MEMBERS)[:-40], archive(other="x")])
def test_what_is_no_such_archive_is_refused(server, tmp_path, content):
    server.files["example.org/toy.zip"] = content
    with pytest.raises(FormatError, match="toy is not as expected"):
        fetch.fetch(corpus(ZIP))
    server.files["example.org/toy.zip"] = archive(**MEMBERS)
    assert fetch.fetch(corpus(ZIP))[0].is_dir()  # nothing bad was kept


def test_a_pinned_content_is_checked(server, tmp_path):
    server.files["example.org/toy.zip"] = archive(**MEMBERS)
    folder, _ = fetch.fetch(corpus(ZIP))
    pinned = fetch.content_digest(folder, ("*.mrg",))
    fetch.fetch(corpus(ZIP, sha256=pinned), again=True)
    with pytest.raises(FormatError, match=r"expected data with sha256 0+, found"):
        fetch.fetch(corpus(ZIP, sha256="0" * 64), again=True)
    assert (folder / "a.mrg").exists()  # what was there stays


def test_a_change_since_the_first_fetch_is_told(server, capsys, monkeypatch):
    server.files["example.org/toy.zip"] = archive(**MEMBERS)
    monkeypatch.setitem(CORPORA, "toy", corpus(ZIP))
    main(["fetch", "toy"])
    server.files["example.org/toy.zip"] = archive(**MEMBERS | {"toy/a.mrg": "(A changed)"})
    main(["fetch", "toy", "--again"])
    shown = capsys.readouterr()
    assert "warning: toy has changed since it was first fetched" in shown.err
    assert "(CC0)" in shown.out


def test_a_disk_that_fills_up_while_unpacking(server, tmp_path, monkeypatch):
    server.files["example.org/toy.zip"] = archive(**MEMBERS)

    def full(*arguments, **settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OnlstmError, match="cannot write: No space left on device"):
        fetch.fetch(corpus(ZIP))
    assert not (tmp_path / "cache" / "corpora" / "toy").exists()
    monkeypatch.undo()


CONLLU = """# text = 看似簡單。
1\t看似\t_\tVERB
2-3\t簡單。\t_\t_
2\t簡單\t_\tADJ
3\t。\t_\tPUNCT
3.1\t空\t_\tX

# text = 好
1\t好\t_\tADJ"""


def test_ud_chinese_becomes_segmented_text(server):
    for remote in CORPORA["ud-chinese-gsd"].remotes:
        server.files[remote.url.removeprefix("https://")] = CONLLU.encode()
    folder, _ = fetch.fetch(CORPORA["ud-chinese-gsd"])
    assert sorted(path.name for path in folder.iterdir()) == ["test.txt", "train.txt", "valid.txt"]
    assert (folder / "train.txt").read_text(encoding="utf-8") == "看似 簡單 。\n好\n"


SPLITS = """# Splits

## dev

  * GUM_a_b
  * GUM_reddit_c

## test

  * GUM_d_e

## train

  * GUM_f_g
  * ../x
"""


def test_gum_takes_train_and_dev_without_reddit(server):
    gum = CORPORA["gum"]
    base = gum.remotes[-1].url.removeprefix("https://").rpartition("/")[0]
    server.files |= {f"{base}/splits.md": SPLITS.encode(), f"{base}/LICENSE.txt": b"CC"}
    server.files |= {f"{base}/const/GUM_{name}.ptb": b"(ROOT (X x))" for name in ("a_b", "d_e", "f_g")}
    toy = Corpus(*("toy", "English", "small", "CC0", "-"), trees=gum.trees, remotes=gum.remotes)
    folder, _ = fetch.fetch(toy)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {"dev/GUM_a_b.ptb", "train/GUM_f_g.ptb", "LICENSE.txt"}


@pytest.mark.parametrize("name", ["ptb-lm", "wsj-sample", "gum"])
def test_pinned_checksums_are_those_of_the_real_data(name, monkeypatch):
    if not os.environ.get("ONLSTM_CORPORA"):
        pytest.skip("set ONLSTM_CORPORA to the folder with the real corpora")
    folder, pinned = CORPORA[name].folder(), CORPORA[name].sha256
    if folder is None:
        pytest.skip(f"{name} is not in ONLSTM_CORPORA")
    if pinned:
        assert fetch.content_digest(folder, CORPORA[name].globs) == pinned
    for remote in CORPORA[name].remotes:
        if remote.digest and remote.unpack == "plain":
            assert download.file_digest(folder / remote.save, remote.digest) == remote.digest
