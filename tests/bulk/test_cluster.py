"""Ray Data on a local cluster of two workers: one cluster for all tests, because it starts slowly."""

import os
import signal
import sys

import pytest

import onlstm_parse
from onlstm_parse import bulk
from onlstm_parse.bulk import cluster
from onlstm_parse.bulk.worker import ShardMaker
from onlstm_parse.cli.main import main
from onlstm_parse.display.text import as_json
from onlstm_parse.errors import OnlstmError, UsageError


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray", reason="pip install 'onlstm-parse[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # else workers wait for all other work of the machine
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.fixture
def lines(text_file, tmp_path):
    return (text_file.read_text(encoding="utf-8") + "\n\ndog\n").splitlines()


def killed_at(moments, marks):
    """A maker whose process is killed once at each of the moments: a shard, and whether it was written."""

    class Killed(ShardMaker):
        def _make(self, shard, lines):
            self.kill(shard.number, False)
            super()._make(shard, lines)
            self.kill(shard.number, True)

        def kill(self, *moment):
            mark = marks / str(moment)
            if moment in moments and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    return Killed


def test_killed_actors_lose_and_double_nothing(ray, tiny_run, lines, tmp_path, monkeypatch):
    (tmp_path / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "marks").mkdir()
    moments = {(2, False), (5, True)}
    monkeypatch.setattr(cluster, "ShardMaker", killed_at(moments, tmp_path / "marks"))
    out = tmp_path / "out"
    shards = bulk.parse_files(tiny_run, tmp_path / "text.txt", out, shard_lines=50)
    assert len(list((tmp_path / "marks").iterdir())) == 2
    expected = [str(tree) for tree in onlstm_parse.load(tiny_run).parse_lines(lines)]
    assert "".join(shard.read_text(encoding="utf-8") for shard in shards).splitlines() == expected
    assert {path.name for path in out.iterdir()} == {"plan.json", ".lock", *(shard.name for shard in shards)}

    # Started again, only what is missing is made.
    times = {shard: shard.stat().st_mtime_ns for shard in shards}
    shards[3].unlink()
    assert (
        main(["parse", str(tiny_run), str(tmp_path / "text.txt"), "--engine", "ray", "--out", str(out)]) == 2
    )
    bulk.parse_files(tiny_run, tmp_path / "text.txt", out, shard_lines=50)
    assert [shard for shard in shards if shard.stat().st_mtime_ns != times[shard]] == [shards[3]]


def test_a_dataset(ray, tiny_run, lines):
    rows = [{"id": 1000 - k, "said": line} for k, line in enumerate(lines)]
    parsed = bulk.parse_dataset(ray.data.from_items(rows), tiny_run, column="said", jobs=1, rule="gap")
    expected = onlstm_parse.load(tiny_run, rule="gap").parse_lines([row["said"] for row in rows[::-1]])
    found = sorted(parsed.take_all(), key=lambda row: row["id"])
    assert [row["tree"] for row in found] == [str(tree) for tree in expected]


def test_confidences_come_with_a_dataset_and_the_command(ray, tiny_run, lines, tmp_path):
    settings = {"rule": "expected-token", "confidence": 0.5}
    trees = [*onlstm_parse.load(tiny_run, **settings).parse_lines(lines[:40])]
    parsed = bulk.parse_dataset(ray.data.from_items(lines[:40]), tiny_run, column="item", jobs=1, **settings)
    found = {row["item"]: row["spans"] for row in parsed.take_all()}
    for line, tree in zip(lines, trees, strict=False):
        spans = [(span["start"], span["stop"], span["confidence"]) for span in found[line]]
        assert spans == tree.spans_with_confidence()

    (tmp_path / "text.txt").write_text("\n".join(lines[:40]) + "\n", encoding="utf-8")
    command = ["parse", str(tiny_run), str(tmp_path / "text.txt"), "--engine", "ray", "--format", "json"]
    options = ["--rule", "expected-token", "--confidence", "0.5", "--out", str(tmp_path / "out")]
    assert main([*command, *options]) == 0
    assert (tmp_path / "out" / "shard-000000.jsonl").read_text(encoding="utf-8").splitlines() == [
        as_json(tree) for tree in trees
    ]


def test_faults_are_one_line_and_the_rest_is_made(ray, tiny_run, tmp_path, capsys):
    (tmp_path / "1.txt").write_bytes(b"caf\xe9\n")
    (tmp_path / "2.txt").write_bytes(b"The dog barked .\n")
    command = ["parse", str(tiny_run), f"{tmp_path}/*.txt", "--engine", "ray", "--out", str(tmp_path / "out")]
    assert main([*command, "--jobs", "1"]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("onlstm-parse: ")]
    assert len(told) == 1
    assert f"1 of 2 shards were not made: {tmp_path}/1.txt:1:4: expected UTF-8" in told[0]
    tree = onlstm_parse.load(tiny_run).parse("The dog barked .")
    assert (tmp_path / "out" / "shard-000001.trees").read_text() == f"{tree}\n"


def test_what_ray_raises_is_one_line(ray):
    def outcomes():
        yield {"problem": "1.txt: no such file", "ends_all": False}
        raise ray.exceptions.RaySystemError("a machine is gone\nand much more")

    told = cluster.problems(ray, outcomes())
    assert next(told) == "1.txt: no such file"
    with pytest.raises(
        OnlstmError, match=r"Ray gave up: RaySystemError: .*; finished shards are kept"
    ) as error:
        next(told)
    assert "much more" not in str(error.value)
    with pytest.raises(OnlstmError, match="no space; finished shards are kept"):
        next(cluster.problems(ray, iter([{"problem": "no space", "ends_all": True}])))


def test_without_ray_it_says_what_to_install(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "text.txt").write_text("A dog\n")
    with pytest.raises(UsageError, match=r"pip install 'onlstm-parse\[ray\]'"):
        bulk.parse_files(tiny_run, tmp_path / "text.txt", tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--engine", "ray"], "--engine ray needs a text and --out"),
        (["text.txt", "--engine", "ray"], "--engine ray needs a text and --out"),
        (["text.txt", "--out", "new"], "--out is for --engine ray"),
    ],
)
def test_a_wrong_command(capsys, options, told):
    assert main(["parse", "en", *options]) == 2
    assert told in capsys.readouterr().err
