"""Shards without a cluster: how input is cut and read, what a worker writes, what a folder remembers."""

import errno
import gzip
import json
import os
from dataclasses import asdict, replace

import pytest

import onlstm_parse
from onlstm_parse import bulk, files
from onlstm_parse.bulk.plan import PLAN, Plan, held
from onlstm_parse.bulk.request import Parsing, Request
from onlstm_parse.bulk.shards import cut, input_files
from onlstm_parse.bulk.worker import ShardMaker, TreeAdder
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.text.reading import decoded_lines, read_lines

TEXT = "\ufeffThe old dog barked.\n\nA cat\u2028slept .\r\n一只 狗\n  \nNobody slept"
ROWS = ["The old dog barked.", None, "A cat slept.", "", "dog"]


@pytest.fixture
def texts(tmp_path):
    """A folder with a plain and a gzipped text."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT, encoding="utf-8", newline="")
    (folder / "b.txt.gz").write_bytes(gzip.compress(TEXT.encode() * 2))
    (folder / "notes.md").write_text("not a text")
    return folder


@pytest.fixture
def table(tmp_path):
    """A Parquet file of five rows in groups of two."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra ray")
    import pyarrow

    path = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table({"number": range(5), "text": ROWS}), path, row_group_size=2)
    return path


def request_for(run, text, format="brackets", lines=2, column="text", **settings):
    return Request(Parsing.of(run, settings), input_files(text), format, column, "error", lines)


def made(request, folder):
    """Make all shards in this process; returns their outcomes."""
    plan = Plan.begun(request, folder)
    maker = ShardMaker(request, folder)
    return [maker(asdict(shard)) for shard in plan.missing(folder)]


@pytest.mark.parametrize("lines", [1, 2, 3, 100])
def test_shards_are_the_lines_of_the_files(texts, lines):
    expected = []
    for name in ("a.txt", "b.txt.gz"):
        with decoded_lines(texts / name) as found:
            expected += found
    shards = list(cut(input_files(texts), lines, "text"))
    read = [shard.read("text", "error") for shard in shards]
    assert [line for part in read for line in part] == expected
    assert [shard.number for shard in shards] == [*range(len(shards))]
    assert [shard.id for shard in shards] == [sum(map(len, read[:k])) for k in range(len(read))]
    assert max(map(len, read)) <= lines


@pytest.mark.parametrize("lines", [1, 2, 3, 100])
def test_shards_are_the_rows_of_a_table(table, lines):
    shards = list(cut(input_files(table), lines, "text"))
    read = [text for shard in shards for text in shard.read("text", "error")]
    assert read == [row or "" for row in ROWS]


def test_a_column_of_repeated_words_is_read_as_training_reads_it(tmp_path):
    """Arrow keeps such a column as numbers into its different values."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra ray")
    import pyarrow

    words = pyarrow.array(["dog", "cat", "dog"]).dictionary_encode()
    parquet.write_table(pyarrow.table({"said": words}), tmp_path / "words.parquet")
    (shard,) = cut(input_files(tmp_path), 5, "said")
    assert shard.read("said", "error") == list(read_lines([f"{tmp_path}/words.parquet:said"]))


def test_a_pattern_names_files(texts, monkeypatch):
    for name in (f"{texts}/*.txt", f"{texts}/**/a.*"):
        assert [file.path for file in input_files(name)] == [str(texts / "a.txt")]
    monkeypatch.chdir(texts)
    assert [file.path for file in input_files("*.gz")] == [str(texts / "b.txt.gz")]
    with pytest.raises(OnlstmError, match="files that match"):
        input_files("*.parquet")


def test_a_table_of_another_kind_is_not_read_as_text(tmp_path):
    (tmp_path / "table.arrow").write_bytes(b"ARROW1")
    with pytest.raises(OnlstmError, match="found another table; write the table as Parquet"):
        input_files(tmp_path / "table.arrow")


def test_parts_of_a_zstandard_file_are_its_lines(tmp_path):
    """It cannot jump to a part as other files do: what is before is read."""
    from zstandard import compress

    lines = [f"line {number} é" for number in range(25)]
    path = tmp_path / "text.txt.zst"
    path.write_bytes(compress("".join(f"{line}\n" for line in lines).encode()))
    shards = list(cut(input_files(path), 7, "text"))
    assert len(shards) == 4
    assert [line for shard in shards for line in shard.read("text", "error")] == lines


@pytest.mark.parametrize(("format", "suffix"), [("brackets", "trees"), ("json", "jsonl")])
def test_shards_are_what_the_command_prints(tiny_run, texts, tmp_path, capsys, format, suffix):
    from onlstm_parse.cli.parse import main

    with held(tmp_path / "out") as out:
        made(request_for(tiny_run, texts / "b.txt.gz", format, rule="gap"), out)
    assert main([str(tiny_run), str(texts / "b.txt.gz"), "--format", format, "--rule", "gap"]) is None
    shards = sorted(out.glob(f"*.{suffix}"))
    assert len(shards) == 6
    assert "".join(shard.read_text(encoding="utf-8") for shard in shards) == capsys.readouterr().out


def test_a_table_of_trees(tiny_run, table, tmp_path):
    import pyarrow.parquet

    with held(tmp_path / "out") as out:
        assert made(request_for(tiny_run, table, "parquet"), out) == [{"problem": "", "ends_all": False}] * 3
    rows = [
        row for path in sorted(out.glob("*.parquet")) for row in pyarrow.parquet.read_table(path).to_pylist()
    ]
    parser = onlstm_parse.load(tiny_run)
    texts = [row or "" for row in ROWS]
    trees = [tree.brackets() for tree in parser.parse_lines(texts)]
    expected = [{"id": k, "text": texts[k], "tree": trees[k]} for k in range(len(texts))]
    assert rows == expected


def test_a_table_says_how_sure_the_parser_is(tiny_run, table, tmp_path):
    import pyarrow.parquet

    settings = {"rule": "expected-token", "confidence": 0.3}
    with held(tmp_path / "out") as out:
        made(request_for(tiny_run, table, "parquet", **settings), out)
    tables = [pyarrow.parquet.read_table(path) for path in sorted(out.glob("*.parquet"))]
    trees = [*onlstm_parse.load(tiny_run, **settings).parse_lines([row or "" for row in ROWS])]
    assert len({str(one.schema) for one in tables}) == 1  # also of a shard without a bracket
    for row, tree in zip((row for one in tables for row in one.to_pylist()), trees, strict=True):
        assert row["tree"] == tree.brackets()
        found = [(span["start"], span["stop"]) for span in row["spans"]]
        assert found == [(start, stop) for start, stop, _ in tree.spans()]
        assert [span["confidence"] for span in row["spans"]] == tree.confidences()
    assert sum(len(tree.spans()) for tree in trees) > 3


def test_a_batch_gets_trees(tiny_run):
    import numpy as np

    batch = {"id": np.array([7, 3]), "said": np.array(["The old dog barked.", None], dtype=object)}
    adder = TreeAdder(Parsing.of(tiny_run, {}), "said")
    trees = [str(onlstm_parse.load(tiny_run).parse("The old dog barked.")), "(X)"]
    assert adder(batch) == {**batch, "tree": trees}
    with pytest.raises(FormatError, match="no column 'said', found id"):
        adder({"id": batch["id"]})


# -- going on --------------------------------------------------------------------


def test_a_folder_remembers_its_plan(tiny_run, texts, tmp_path):
    request = request_for(tiny_run, texts)
    with held(tmp_path / "out") as out:
        plan = Plan.begun(request, out)
        assert len(plan.missing(out)) == len(plan.shards) == 9
        (out / "shard-000003.trees").touch()
        assert Plan.begun(request, out) == plan
        assert [shard.number for shard in plan.missing(out)] == [0, 1, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "json"}, "begun with 'brackets' as format, not 'json'"),
        ({"lines": 3}, "begun with 2 as shard_lines, not 3"),
        ({"rule": "gap"}, "begun with {} as settings, not {'rule': 'gap'}"),
    ],
)
def test_a_folder_takes_no_trees_of_something_else(tiny_run, texts, tmp_path, change, told):
    with held(tmp_path / "out") as out:
        Plan.begun(request_for(tiny_run, texts), out)
        with pytest.raises(UsageError, match=told):
            Plan.begun(request_for(tiny_run, texts, **change), out)
        (texts / "a.txt").write_text("A dog\n")
        with pytest.raises(UsageError, match="changed input files; name another --out"):
            Plan.begun(request_for(tiny_run, texts), out)
        (out / PLAN).write_text(json.dumps([]))
        with pytest.raises(FormatError, match="not the plan"):
            Plan.begun(request_for(tiny_run, texts), out)


def test_a_folder_is_for_one_process(tmp_path):
    with held(tmp_path / "out"), pytest.raises(OnlstmError, match="another process"), held(tmp_path / "out"):
        pass


# -- faults ----------------------------------------------------------------------


def test_damaged_input_is_told_before_work_begins(texts, table, tmp_path):
    packed = (texts / "b.txt.gz").read_bytes()
    (texts / "b.txt.gz").write_bytes(packed[:-12])
    with pytest.raises(FormatError, match=r"b.txt.gz: expected a whole gzip file"):
        list(cut(input_files(texts), 2, "text"))
    with pytest.raises(
        FormatError, match=r"rows.parquet: expected a column 'txt', found number, text;.* --column"
    ):
        list(cut(input_files(table), 2, "txt"))
    with pytest.raises(FormatError, match="expected text in column 'number', found int64"):
        list(cut(input_files(table), 2, "number"))
    table.write_bytes(table.read_bytes()[:-5])
    with pytest.raises(FormatError, match="expected a whole table"):
        list(cut(input_files(table), 2, "text"))


def test_a_shard_that_cannot_be_read_leaves_the_others(tiny_run, tmp_path):
    (tmp_path / "1.txt").write_bytes(b"a\nb\nc\ncaf\xe9\ne\n")
    (tmp_path / "2.txt").write_bytes(b"f\n")
    (tmp_path / "3.txt").write_bytes(b"g\nh\n")
    request = request_for(tiny_run, f"{tmp_path}/*.txt")
    with held(tmp_path / "out") as out:
        Plan.begun(request, out)
        (tmp_path / "2.txt").unlink()
        (tmp_path / "3.txt").write_bytes(b"g\n")
        outcomes = made(request, out)
        assert sorted(path.name for path in out.glob("*.trees")) == [
            "shard-000000.trees",
            "shard-000002.trees",
        ]
    assert not any(outcome["ends_all"] for outcome in outcomes)
    problems = [outcome["problem"] for outcome in outcomes]
    assert f"{tmp_path}/1.txt:4:4: expected UTF-8 text, found byte 0xe9" in problems[1]
    assert f"{tmp_path}/2.txt: no such file" in problems[3]
    assert f"{tmp_path}/3.txt: expected 2 lines, found 1" in problems[4]


def test_a_worker_that_cannot_write_ends_all(tiny_run, texts, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    request = request_for(tiny_run, texts / "a.txt")
    with held(tmp_path / "out") as out:
        Plan.begun(request, out)
        monkeypatch.setattr(files.os, "fsync", full)
        assert all(outcome["ends_all"] for outcome in made(request, out))
        assert "shard-000000.trees: cannot write: No space left on device" in made(request, out)[0]["problem"]
        monkeypatch.undo()
        (out / PLAN).rename(out / "elsewhere")
        outcome = ShardMaker(request, out)(asdict(next(cut(request.files, 2, "text"))))
        assert "a disk that all machines share" in outcome["problem"]
        assert [path.name for path in out.glob("*.trees")] == []


def test_a_mistake_in_the_program_ends_all(tiny_run, texts, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ShardMaker, "_make", lambda *_: 1 / 0)
    with held(tmp_path / "out") as out:
        outcome = made(request_for(tiny_run, texts / "a.txt"), out)[0]
    assert outcome["problem"].startswith("ZeroDivisionError: division by zero (on ")
    assert outcome["ends_all"]
    assert "Traceback" in capsys.readouterr().err


def test_another_run_on_a_machine(tiny_run):
    parsing = replace(Parsing.of(tiny_run, {}), fingerprint="0123456789ab")
    with pytest.raises(OnlstmError, match=r"expected run 0123456789ab.*every machine needs the same"):
        parsing.parser()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"format": "brakets"}, "did you mean brackets"),
        ({"rule": "gapp"}, "did you mean gap"),
        ({"shard_lines": 0}, "a line or more"),
    ],
)
def test_a_wrong_request(tiny_run, texts, tmp_path, options, told):
    with pytest.raises(UsageError, match=told):
        bulk.parse_files(tiny_run, texts, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
