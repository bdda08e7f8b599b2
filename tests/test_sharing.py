"""Runs given to others: the folder and its card, and a hub that gives them back."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import onlstm_parse
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.pretrained import PRETRAINED, SHARED_FILES, locate_run

SENTENCE = "The old dog near the river barked ."
COMMIT = "0123456789012345678901234567890123456789"


@pytest.fixture(scope="module")
def shared(tiny_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared") / "small"
    return onlstm_parse.share(
        tiny_run, folder, licence="mit", language="en", notes="## Limits\n\nIt is small."
    )


def test_a_shared_folder_parses_alike_and_tells_no_places(shared, tiny_run):
    expected = onlstm_parse.load(tiny_run).parse(SENTENCE)
    assert onlstm_parse.load(shared).parse(SENTENCE) == expected
    assert {path.name for path in shared.iterdir()} == set(SHARED_FILES) - {"tokeniser.model"}
    config = (shared / "config.json").read_text(encoding="utf-8")
    assert json.loads(config)["data"]["text"] == ["text.txt"]
    assert str(tiny_run.parent) not in config


def test_the_card(shared):
    lines = (shared / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines[:4] == ["---", "license: mit", "language: en", "library_name: onlstm-parse"]
    assert "# small" in lines
    assert "| tokeniser, normalisation | ptb, mikolov |" in lines
    assert lines[-3:] == ["## Limits", "", "It is small."]


def test_the_card_without_licence_and_language(tiny_run, tmp_path):
    onlstm_parse.share(tiny_run, tmp_path / "new")
    lines = (tmp_path / "new" / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["---", "library_name: onlstm-parse"]


def loaded_by(card):
    """What the first line of Python on a card loads."""
    return re.search(r'load\("(.*)"\)', card.read_text(encoding="utf-8"))[1]


def test_the_card_names_what_can_be_loaded(tiny_run, tmp_path, monkeypatch):
    made = onlstm_parse.share(tiny_run, tmp_path / "folder", title="A fine parser")
    monkeypatch.chdir(tmp_path)
    assert onlstm_parse.load(loaded_by(made / "README.md")).parse(SENTENCE)
    made = onlstm_parse.share(tiny_run, tmp_path / "hub", title="A fine parser", address="hf://me/small")
    assert loaded_by(made / "README.md") == "hf://me/small"
    with pytest.raises(UsageError, match="expected hf://OWNER/NAME as the address, found 'me/small'"):
        onlstm_parse.share(tiny_run, tmp_path / "other", address="me/small")


@pytest.mark.parametrize("name", PRETRAINED)
def test_the_cards_of_what_comes_with_the_package(name):
    assert loaded_by(locate_run(name) / "README.md") == name


def test_an_average_and_a_full_place_are_refused(shared, tiny_run, tmp_path):
    onlstm_parse.average([str(tiny_run), "right=1"], tmp_path / "average")
    with pytest.raises(UsageError, match="distil it"):
        onlstm_parse.share(tmp_path / "average", tmp_path / "new")
    with pytest.raises(OnlstmError, match="exists already"):
        onlstm_parse.share(tiny_run, shared)


def test_a_path_wins_over_a_pretrained_name(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "en").symlink_to(shared)
    assert onlstm_parse.load("en").parse(SENTENCE) == onlstm_parse.load(shared).parse(SENTENCE)


# -- a hub -----------------------------------------------------------------------


class Hub(BaseHTTPRequestHandler):
    """What huggingface_hub asks for, of one repository, `me/small`."""

    folder = None

    def log_message(self, *arguments: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        at, body = self.path.partition("?")[0], None
        names = [path.name for path in self.folder.iterdir()]
        if at in ("/api/models/me/small/revision/main", "/api/models/me/small"):
            siblings = [{"rfilename": name} for name in [*names, "pickle.bin"]]
            body = json.dumps({"id": "me/small", "sha": COMMIT, "siblings": siblings}).encode()
        elif at.startswith(f"/api/models/me/small/tree/{COMMIT}"):
            listed = [{"type": "file", "path": n, "size": 1, "oid": "0"} for n in [*names, "pickle.bin"]]
            body = json.dumps(listed).encode()
        elif at.rpartition("/")[0] == f"/me/small/resolve/{COMMIT}" and at.rpartition("/")[2] in names:
            body = (self.folder / at.rpartition("/")[2]).read_bytes()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("ETag", f'"{hashlib.sha1(body or b"").hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET" and body:
            self.wfile.write(body)


def parse_from_hub(name, endpoint, tmp_path):
    pytest.importorskip("huggingface_hub")
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
    }
    command = [sys.executable, "-m", "onlstm_parse", "parse", name, "--text", SENTENCE]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_run_from_a_hub(shared, tmp_path):
    handler = type("Handler", (Hub,), {"folder": shared})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        done = parse_from_hub("hf://me/small", f"http://127.0.0.1:{server.server_port}", tmp_path)
        gone = parse_from_hub("hf://me/other", f"http://127.0.0.1:{server.server_port}", tmp_path)
        server.shutdown()
    assert done.stdout.strip() == str(onlstm_parse.load(shared).parse(SENTENCE)), done.stderr
    assert not list((tmp_path / "home").rglob("pickle.bin"))
    assert gone.returncode == 1
    assert gone.stderr.strip().splitlines()[-1].startswith("onlstm-parse: hf://me/other: the hub does not")


def test_a_hub_without_network(tmp_path):
    done = parse_from_hub("hf://me/small", "http://127.0.0.1:9", tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "check the name and the network" in done.stderr


def test_a_hub_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"pip install 'onlstm-parse\[hub\]'"):
        onlstm_parse.load("hf://me/small")
