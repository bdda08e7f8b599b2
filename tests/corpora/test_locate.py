"""Contract over every catalogue entry; paths and names to files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from onlstm_parse import corpora
from onlstm_parse.cli.corpora import main
from onlstm_parse.corpora import CORPORA, fetch, synthetic
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.text.tokenisers import TOKENISERS

NAMES = list(CORPORA)


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """An empty cache and working folder, and none of the user's corpora."""
    monkeypatch.setenv("ONLSTM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ONLSTM_CORPORA", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_complete(name):
    corpus = CORPORA[name]
    assert corpus.name == name
    assert all((corpus.language, corpus.size, corpus.licence, corpus.source))
    assert corpus.train or corpus.trees or corpus.pairs
    assert bool(corpus.train) == bool(corpus.tokeniser) == bool(corpus.normalisation)
    assert corpus.tokeniser is None or corpus.tokeniser in TOKENISERS
    assert corpus.normalisation is None or corpus.normalisation in NORMALISATIONS
    assert corpus.grammar is None or corpus.grammar in synthetic.grammars()
    for remote in corpus.remotes:
        assert remote.url.startswith("https://")
        assert remote.unpack in fetch.UNPACK
        assert remote.digest is None or re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", remote.digest)
    assert corpus.sha256 is None or re.fullmatch("[0-9a-f]{64}", corpus.sha256)


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_corpus_says_how_to_get_it(name):
    corpus = CORPORA[name]
    if corpus.grammar:
        return
    locate = corpora.locate_text if corpus.train else corpora.locate_treebank
    locate = corpora.locate_pairs if corpus.pairs else locate
    with pytest.raises(OnlstmError) as caught:
        locate(name)
    assert (f"corpora fetch {name}" in str(caught.value)) == bool(corpus.remotes)
    assert ("ONLSTM_CORPORA" in str(caught.value)) != bool(corpus.remotes)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_corpus_lacks(name):
    for part, locate in (("train", corpora.locate_text), ("trees", corpora.locate_treebank)):
        if not getattr(CORPORA[name], part):
            with pytest.raises(UsageError, match="these have: synthetic-english"):
                locate(name)


@pytest.mark.parametrize("name", NAMES)
def test_found_in_the_users_folder_first(name, tmp_path, monkeypatch):
    corpus = CORPORA[name]
    monkeypatch.setenv("ONLSTM_CORPORA", str(tmp_path / "mine"))
    for place in (tmp_path / "mine", tmp_path / "cache" / "corpora"):
        for pattern in corpus.globs:
            file = place / name / pattern.replace("*", "x")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("text")
    for part, locate in (
        ("train", corpora.locate_text),
        ("valid", corpora.locate_valid),
        ("trees", corpora.locate_treebank),
    ):
        if getattr(corpus, part):
            found = locate(name)
            assert len(found) == len(getattr(corpus, part))
            assert all(tmp_path / "mine" / name in file.parents for file in found)


def test_pairs_of_a_corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLSTM_CORPORA", str(tmp_path))
    (tmp_path / "syneval").mkdir()
    for name in ("pairs.full.tsv.gz", "pairs.sample.tsv"):
        (tmp_path / "syneval" / name).write_text("a\tb")
    assert corpora.locate_pairs("syneval") == tmp_path / "syneval" / "pairs.sample.tsv"
    assert corpora.locate_pairs("syneval/pairs.full.tsv.gz").name == "pairs.full.tsv.gz"
    assert corpora.locate_pairs(tmp_path / "syneval" / "pairs.full.tsv.gz").name == "pairs.full.tsv.gz"
    with pytest.raises(UsageError, match="corpus gum has no minimal pairs; these have: syneval"):
        corpora.locate_pairs("gum")


def test_what_perplexity_is_measured_on(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLSTM_CORPORA", str(tmp_path))
    (tmp_path / "ptb-lm").mkdir()
    (tmp_path / "ptb-lm" / "test.txt").write_text("a b")
    assert corpora.locate_measured("ptb-lm") == [tmp_path / "ptb-lm" / "test.txt"]
    assert corpora.locate_measured(tmp_path / "ptb-lm") == [tmp_path / "ptb-lm" / "test.txt"]
    with pytest.raises(UsageError, match="corpus brown has no test text; these have: synthetic-english"):
        corpora.locate_measured("brown")


@pytest.mark.parametrize(
    ("name", "content", "trees"),
    [
        ("a.txt", "Once upon a time", False),
        ("a.txt", "", False),
        ("a.txt", "(S (NN a) (VB b))", True),
        ("a.trees", "not a tree", True),
        ("a.mrg.gz", "", True),
        ("a", "1\ta\t_\tX\tX\t_\t0\t_\t_\t_", True),
    ],
)
def test_treebank_or_text(tmp_path, name, content, trees):
    (tmp_path / name).write_text(content)
    assert corpora.has_trees(tmp_path / name) == corpora.has_trees(tmp_path) == trees


def test_a_corpus_with_trees_is_a_treebank():
    assert [corpora.has_trees(name) for name in ("synthetic-english", "ptb-lm", "gum/dev")] == [
        True,
        False,
        True,
    ]


def test_a_part_of_a_corpus_has_a_name(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLSTM_CORPORA", str(tmp_path))
    for part in ("train", "dev", "devel"):
        (tmp_path / "gum" / part).mkdir(parents=True)
        (tmp_path / "gum" / part / "a.ptb").write_text("(ROOT (X a b))")
    assert corpora.locate_treebank("gum/dev") == [tmp_path / "gum" / "dev" / "a.ptb"]
    assert len(corpora.locate_treebank("gum")) == 2
    assert corpora.find("gum/dev") is CORPORA["gum"]
    with pytest.raises(OnlstmError, match="of corpus gum in tests, found none"):
        corpora.locate_treebank("gum/tests")
    with pytest.raises(OnlstmError, match="did you mean gum"):
        corpora.locate_treebank("gumm/dev")


def test_a_synthetic_corpus_is_made_once(monkeypatch):
    monkeypatch.setattr(synthetic.make, "__defaults__", (40, 1))
    text = corpora.locate_text("synthetic-english")
    assert [file.name for file in text] == ["train.txt"]
    monkeypatch.setattr(synthetic, "make", None)
    assert corpora.locate_text("synthetic-english") == text
    assert [file.name for file in corpora.locate_valid("synthetic-english")] == ["valid.txt"]
    assert [file.name for file in corpora.locate_treebank("synthetic-english")] == ["test.trees"]
    assert not [file for file in text[0].parents[1].iterdir() if file.name.startswith(".")]


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ONLSTM_CACHE", str(tmp_path / "file"))
    with pytest.raises(OnlstmError, match=r"cannot write.*ONLSTM_CACHE"):
        corpora.locate_text("synthetic-english")


def test_paths_win_over_names():
    Path("ptb-lm").write_text("my own text")
    assert corpora.locate_text("ptb-lm") == [Path("ptb-lm")]
    assert corpora.locate_treebank("ptb-lm") == [Path("ptb-lm")]
    assert corpora.locate_valid("ptb-lm") is None
    assert corpora.find("ptb-lm") is None
    assert corpora.find("sinica") is CORPORA["sinica"]
    assert corpora.find("nonsense") is None


def test_a_folder_of_texts(tmp_path):
    for name in ("b.txt", "a.txt.gz", "readme.md", "c.trees"):
        (tmp_path / name).write_text("x")
    assert [file.name for file in corpora.locate_text(tmp_path)] == ["a.txt.gz", "b.txt"]
    assert corpora.locate_treebank(tmp_path) == [tmp_path]
    with pytest.raises(OnlstmError, match=r"expected \*.txt"):
        corpora.locate_text(Path.cwd())


def test_a_corpus_may_have_test_text(tmp_path):
    assert [file.name for file in corpora.locate_test("synthetic-english") or ()] == ["test.txt"]
    assert corpora.locate_test("brown") is None
    (tmp_path / "ptb-lm").write_text("a text\n")
    assert corpora.locate_test(tmp_path / "ptb-lm") is None


def test_neither_path_nor_name():
    for locate in (corpora.locate_text, corpora.locate_treebank):
        with pytest.raises(OnlstmError, match="found 'wsj-smple'; did you mean wsj-sample") as caught:
            locate("wsj-smple")
        assert caught.value.exit_status == 1
    assert corpora.locate_valid("missing.txt") is None


def test_list_shows_every_corpus_aligned(capsys):
    main(["list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", *NAMES]
    column = lines[0].index("LICENCE")
    assert all(line[column - 2 : column] == "  " and line[column] != " " for line in lines)
    main(["list", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == NAMES
    assert {row["where"] for row in rows} == {"made on first use", "fetch", "not here"}


def test_make_from_the_command_line(tmp_path, capsys):
    main(["make", "chinese", "--out", str(tmp_path / "zh"), "--sentences", "30", "--seed", "2"])
    assert str(tmp_path / "zh") in capsys.readouterr().out
    assert len((tmp_path / "zh" / "train.txt").read_text(encoding="utf-8").splitlines()) == 30


def test_wrong_commands(capsys):
    for arguments, words in ((["lst"], "did you mean list"), (["fetch"], "no corpus named")):
        with pytest.raises(UsageError, match=words):
            main(arguments)
    with pytest.raises(UsageError, match="did you mean sinica"):
        main(["fetch", "sinnica"])
    with pytest.raises(UsageError, match="made on first use"):
        main(["fetch", "synthetic-english"])
    main([])
    assert "fetch" in capsys.readouterr().out
