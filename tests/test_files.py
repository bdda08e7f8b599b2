"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onlstm_parse.errors import OnlstmError
from onlstm_parse.files import cache_folder, remove_leftovers, written_whole


def test_text_and_bytes_are_written(tmp_path):
    with written_whole(tmp_path / "new" / "a.txt") as file:
        file.write("树\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "树\n".encode()
    with written_whole(tmp_path / "b", "wb") as file:
        file.write(b"\x00")
    assert (tmp_path / "b").read_bytes() == b"\x00"


def test_a_failure_leaves_what_stood_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(path) as file:
        file.writelines(str(1 / zero) for zero in (1, 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_explained(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with (
        pytest.raises(OnlstmError, match="cannot write: No space left on device") as caught,
        written_whole(path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.file == path
    assert path.read_text() == "old"


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(OnlstmError, match="cannot write"), written_whole(tmp_path / "a" / "b"):
        pass


def test_permissions_follow_the_umask(tmp_path):
    mask = os.umask(0o027)
    try:
        with written_whole(tmp_path / "a") as file:
            file.write("x")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_the_cache_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.delenv("ONLSTM_CACHE", raising=False)
    assert cache_folder() == Path("/x/onlstm-parse")
    monkeypatch.setenv("ONLSTM_CACHE", "/y")
    assert cache_folder() == Path("/y")


def test_leftovers_of_dead_processes_are_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "resume").mkdir()
    gone = [f".config.json.{dead.pid}", f"resume/.state.safetensors.{dead.pid}", f".a.{os.getpid()}"]
    kept = [f".a.{os.getppid()}", ".hidden", ".a.b", f"a.{dead.pid}", "resume/state.safetensors"]
    for name in gone + kept:
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)
    assert not [name for name in gone if (tmp_path / name).exists()]
    assert all((tmp_path / name).exists() for name in kept)
    remove_leftovers(tmp_path / "nothing")
