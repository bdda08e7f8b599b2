"""The live page: what it answers, and what it refuses."""

import socket
import subprocess
import sys

import pytest

import onlstm_parse
from onlstm_parse import server

TestClient = pytest.importorskip("starlette.testclient").TestClient

SENTENCE = "The old dog , near the river , barked ."
WISH = {"parser": 0, "layer": 2, "rule": "token"}


@pytest.fixture(scope="module")
def parsers(tiny_run):
    return {"small": onlstm_parse.load(tiny_run), "gap": onlstm_parse.load(tiny_run, rule="gap", layer=3)}


@pytest.fixture
def client(parsers):
    return TestClient(server.application(parsers), "http://localhost", raise_server_exceptions=False)


def asked(client, text, *wishes):
    return client.post("/parse", json={"text": text, "wishes": list(wishes or [WISH])})


def test_a_tree_is_what_the_parser_gives(client, tiny_run):
    wishes = [
        {"parser": k % 2, "layer": layer, "rule": r} for k, layer, r in [(0, 1, "gap"), (1, 3, "token")]
    ]
    views = asked(client, SENTENCE, *wishes).json()["views"]
    for view, wish in zip(views, wishes, strict=True):
        tree = onlstm_parse.load(tiny_run, layer=wish["layer"], rule=wish["rule"]).parse(SENTENCE)
        assert view["brackets"] == tree.brackets()
        assert view["words"] == list(tree.leaves())
        assert [tuple(span) for span in view["spans"]] == [s[:2] for s in tree.spans() if s[1] - s[0] > 1]
        assert (view["confidences"] is not None) == view["title"].startswith("expected")
        assert view["levels"] == pytest.approx(list(tree.levels), abs=1e-6)


def test_parsers_are_described(client):
    assert client.get("/parsers").json()["parsers"] == [
        {
            "name": "small",
            "layers": [1, 2, 3],
            "layer": 2,
            "rules": ["token", "gap", "expected-token", "expected-gap"],
            "of_one_layer": ["token", "gap"],
        },
        {
            "name": "gap",
            "layers": [1, 2, 3],
            "layer": 3,
            "rules": ["gap", "token", "expected-token", "expected-gap"],
            "of_one_layer": ["token", "gap"],
        },
    ]


@pytest.mark.parametrize("text", ["", " \n\t ", "dog", "\x00 \ud7ff <script>", "word\n" * 40])
def test_any_text(client, text):
    view = asked(client, text).json()["views"][0]
    assert "".join(view["words"]) == "".join(text.split())


@pytest.mark.parametrize("path", list(server.PAGES))
def test_the_page_loads_nothing_from_elsewhere(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "https://" not in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


BAD = [
    (b"{", 400, "expected JSON"),
    (b"\xff", 400, "expected JSON"),
    (b"[]", 400, "expected a text"),
    (b'{"text": 3, "wishes": []}', 400, "expected a text"),
    (b'{"text": "a", "wishes": []}', 400, "expected a text"),
    (b'{"text": "a", "wishes": [{"parser": 2, "layer": 1, "rule": "gap"}]}', 400, "expected a text"),
    (b'{"text": "a", "wishes": [{"parser": 0, "layer": 4, "rule": "gap"}]}', 400, "expected a text"),
    (b'{"text": "a", "wishes": [{"parser": 0, "layer": 1, "rule": "x"}]}', 400, "expected a text"),
    (b'{"text": "a", "wishes": [{"parser": 0}]}', 400, "expected a text"),
    (b'"' + b"a " * 2_500_000 + b'"', 413, "longer than 64 KiB"),
]


@pytest.mark.parametrize(("body", "status", "reason"), BAD, ids=[str(k) for k in range(len(BAD))])
def test_bad_requests_get_one_line(client, body, status, reason):
    answer = client.post("/parse", content=body)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(reason)


def test_too_many_words_and_wrong_places(client):
    answer = asked(client, "a " * 501)
    assert answer.status_code == 413
    assert answer.json() == {"error": "501 words, more than 500: parse it as a file"}
    assert client.get("/nothing").json() == {"error": "Not Found"}
    assert client.get("/parse").status_code == 405


def test_a_failing_parser_tells_nothing_of_the_machine(client, monkeypatch):
    monkeypatch.setattr(server, "_views", lambda *_: 1 / 0)
    answer = asked(client, "a dog")
    assert (answer.status_code, answer.json()) == (500, {"error": "the parser failed"})


NAME = socket.gethostname()
OURS = [
    ("127.0.0.1", ["localhost:8000", "LOCALHOST", "127.0.0.1:80", "[::1]", "[::1]:8000", "page.example:443"]),
    ("box.lan", ["Box.lan:8000", NAME, "10.0.0.7", "[fe80::1]:8000", "localhost", "page.example"]),
    ("0.0.0.0", [f"{NAME}:8000", "10.0.0.7:8000", "0.0.0.0", "127.0.0.1", "page.example"]),
    ("::", ["[::]:8000", "[fe80::1]", "localhost", "10.0.0.7"]),
]


@pytest.mark.parametrize(("host", "names"), OURS)
def test_it_answers_under_names_of_this_machine(parsers, host, names):
    client = TestClient(server.application(parsers, host=host, allowed=["Page.example"]))
    for name in names:
        assert client.get("/parsers", headers={"host": name}).status_code == 200


@pytest.mark.parametrize("host", [host for host, _ in OURS])
@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", "", "[", "a b"]
)
def test_it_refuses_the_name_of_a_page_elsewhere(parsers, host, name):
    """A name that was made to lead to this machine: DNS rebinding."""
    client = TestClient(server.application(parsers, host=host))
    for path in ("/", "/parsers", "/parse", "/nothing"):
        answer = client.get(path, headers={"host": name})
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("not a name of this machine: ")


def test_an_address_of_the_network_is_not_one_of_the_loopback_device(parsers):
    client = TestClient(server.application(parsers))
    assert client.get("/parsers", headers={"host": "10.0.0.7"}).status_code == 403


def test_requests_in_a_loop_are_slowed_down(parsers):
    clock = [0.0]
    rates = server.Rates(rate=2.0, burst=3, now=lambda: clock[0])
    client = TestClient(server.application(parsers, rates), "http://localhost")
    answers = [asked(client, "a dog").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    clock[0] = 0.5
    assert [asked(client, "a dog").status_code for _ in range(2)] == [200, 429]
    clock[0] = 100.0
    assert [asked(client, "a dog").status_code for _ in range(4)] == [200, 200, 200, 429]


def serve(*arguments):
    command = [sys.executable, "-m", "onlstm_parse", "serve", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_port_that_is_taken(tiny_run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve(tiny_run, "--port", port)
    assert done.returncode == 1
    problem = f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert done.stderr == f"onlstm-parse: {problem}; choose another with --port\n"


def test_without_its_packages_it_says_what_to_install(monkeypatch):
    from onlstm_parse.cli.serve import serve
    from onlstm_parse.errors import UsageError

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UsageError, match=r"pip install 'onlstm-parse\[serve\]'"):
        serve()
