"""The parsers that come with the package parse as their cards say."""

import os

import pytest

import onlstm_parse
from onlstm_parse.errors import FormatError
from onlstm_parse.pretrained import PRETRAINED, SHARED_FILES, locate_run
from onlstm_parse.tree import Tree

NAMES = list(PRETRAINED)


def card(name):
    return (locate_run(name) / "README.md").read_text(encoding="utf-8")


def rows(name):
    """The table of scores: parser -> column -> cell."""
    table = card(name).split("## Scores")[1].split("\n\n")[2].splitlines()
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_is_small_and_complete(name):
    folder = locate_run(name)
    found = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert set(found) == set(SHARED_FILES) - {"tokeniser.model"}
    assert sum(found.values()) <= 12 * 2**20


@pytest.mark.parametrize("name", NAMES)
def test_the_card_has_what_people_ask_for(name):
    text = card(name)
    for heading in ("## How it was made", "## Data", "## Scores", "## Trees", "## Limits"):
        assert heading in text
    assert "license: cc-by-sa" in text
    assert "reproduce_induction" in text


@pytest.mark.parametrize("name", NAMES)
def test_trees_are_those_of_the_card(name):
    lines = card(name).split("## Trees\n\n")[1].split("\n\n")[0].splitlines()
    parser = onlstm_parse.load(name)
    for sentence, tree in zip(lines[::2], lines[1::2], strict=True):
        assert parser.parse(sentence.strip()).brackets() == tree.strip()
        assert not tree.strip().startswith("(X " + sentence.split()[0] + ")")


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_card(name, real_corpora):
    (student,) = (cells for parser, cells in rows(name).items() if parser.startswith("student"))
    assert student
    parser = onlstm_parse.load(name)
    for treebank, shown in student.items():
        assert onlstm_parse.evaluate(parser, treebank)["sentence_f1"] == pytest.approx(float(shown), abs=0.06)


def test_both_scripts_of_chinese_have_the_same_trees():
    parser = onlstm_parse.load("zh")
    simplified, traditional = (
        parser.parse("我们在公园里看见一只小狗。"),
        parser.parse("我們在公園裡看見一隻小狗。"),
    )
    assert "".join(traditional.leaves()) == "我們在公園裡看見一隻小狗。"
    assert [span[:2] for span in simplified.spans()] == [span[:2] for span in traditional.spans()]


def test_text_of_any_kind():
    for name in NAMES:
        parser = onlstm_parse.load(name)
        assert parser.parse("") == Tree("X", [])
        for text in ("dog", "👍🏽 https://x.org/a?b=(c) ...", "words " * 300, "狗", "(((", "\u00a0"):
            assert (
                "".join(parser.parse(text).leaves()).split() == ["".join(text.split())][: len(text.split())]
            )


def test_a_damaged_file_is_one_line(tmp_path):
    for file in locate_run("en").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    os.truncate(tmp_path / "model.safetensors", 1000)
    with pytest.raises(FormatError, match=r"model\.safetensors: truncated"):
        onlstm_parse.load(tmp_path)
