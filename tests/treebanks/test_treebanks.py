"""Treebank formats and word filters: a contract for every name, real data, bad input."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import FORMATS, WORD_FILTERS
from onlstm_parse.treebanks.filters import prune, unwrap
from onlstm_parse.treebanks.reading import read_treebank, treebank_files, treebank_format

# A new format needs a sample of two trees here: text, the trees, and text that is malformed on line 2.
SAMPLES = {
    "penn": (
        "( (S (NP-SBJ (DT the) (NN dog))\n  (VP (VBZ barks)) (. .)))\n(NP (-LRB- -LRB-) (NN 树))\n",
        ["( (S (NP-SBJ (DT the) (NN dog)) (VP (VBZ barks)) (. .)))", "(NP (-LRB- -LRB-) (NN 树))"],
        "(S (NN dog))\n(S (NN cat)))\n",
    ),
    "sinica": (
        "#1:1.[3] S(theme:NP(Head:Nhaa:我)|Head:VC1:住在|"
        "goal:V‧的(head:VE2[+NEG,+ASP]:好|Head:DE:的))#，(COMMACATEGORY)\n"
        "#2:2..[4] NP(Head:Neu:一) #\n",
        ["(S (NP (Nhaa 我)) (VC1 住在) (V‧的 (VE2[+NEG,+ASP] 好) (DE 的)))", "(NP (Neu 一))"],
        "#1:1.[3] NP(Head:Neu:一)#\n#2:2.[3] NP(Head:Neu:一#\n",
    ),
}
SAMPLE_LINES = {"penn": [1, 3], "sinica": [1, 2]}


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def trees_of(*arguments):
    return [gold.tree.brackets() for gold in read_treebank(*arguments)]


def complaint(*arguments) -> str:
    with pytest.raises(OnlstmError) as caught:
        list(read_treebank(*arguments))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("format", FORMATS)
class TestEveryFormat:
    def test_is_read_and_recognised(self, format, tmp_path):
        text, trees, _ = SAMPLES[format]
        file = write(tmp_path / "a", text)
        assert trees_of(file, format) == trees_of(file) == trees
        assert treebank_format(file) == format
        assert [(gold.file, gold.line) for gold in read_treebank(file)] == [
            (file, line) for line in SAMPLE_LINES[format]
        ]

    def test_in_any_wrapping(self, format, tmp_path):
        text, trees, _ = SAMPLES[format]
        folder = tmp_path / "deep" / "er"
        folder.mkdir(parents=True)
        write(folder / "a.mrg", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        write(folder / "b.mrg.gz", gzip.compress(text.encode()))
        write(folder / "README", "no trees in here")
        write(folder / ".hidden.mrg", "nor here")
        assert trees_of(tmp_path) == trees * 2
        assert trees_of([folder / "b.mrg.gz", folder / "a.mrg"], format) == trees * 2

    def test_a_folder_without_usual_endings(self, format, tmp_path):
        text, trees, _ = SAMPLES[format]
        write(tmp_path / "parsed-train", text)
        write(tmp_path / "README", "no trees in here")
        assert trees_of(tmp_path) == trees

    def test_says_where_a_tree_is_malformed(self, format, tmp_path):
        file = write(tmp_path / "a", SAMPLES[format][2])
        assert re.match(rf"{file}:2:\d+: expected .* found ", complaint(file, format))

    def test_says_where_bytes_are_not_text(self, format, tmp_path):
        text = SAMPLES[format][0].encode()
        at = text.rindex(b"\n", 0, len(text) - 1) + 8
        file = write(tmp_path / "a", text[:at] + b"\xff" + text[at:])
        assert f"{file}:{SAMPLE_LINES[format][1]}:8: expected UTF-8 text, found byte 0xff" in complaint(file)

    def test_no_text_and_no_trees(self, format, tmp_path):
        assert "found none" in complaint(write(tmp_path / "a", ""), format)
        assert "found none" in complaint(write(tmp_path / "b", "\n \n"), format)

    def test_names_a_word_filter(self, format):
        assert FORMATS[format].words in WORD_FILTERS

    @given(text=st.text(st.sampled_from("#:|()[] \n.aB3树")))
    def test_any_text_is_read_or_explained(self, format, text):
        try:
            for tree, line in FORMATS[format].read(text.split("\n"), Path("f")):
                assert tree.leaves() is not None
                assert line >= 1
        except FormatError as error:
            assert error.line  # noqa: PT017


def test_missing_empty_and_unknown(tmp_path):
    assert "no such file" in complaint(tmp_path / "none")
    assert "found an empty file" in complaint(write(tmp_path / "a", ""))
    text = write(tmp_path / "b", "\nOnce upon a time\n")
    assert "expected a treebank, found 'Once upon a time'" in complaint(text)
    (tmp_path / "c").mkdir()
    assert "expected a folder with a treebank" in complaint(tmp_path / "c")
    assert "no treebank given" in complaint([])
    with pytest.raises(UsageError, match="did you mean penn"):
        read_treebank(tmp_path / "b", "pen")


def test_chinese_treebank_markup(tmp_path):
    text = "<DOC>\n<S ID=1>\n( (IP (NP (NR 中国)) (VP (VV 来) (PU <))) )\n</S>\n</DOC>\n"
    file = write(tmp_path / "chtb_0001.nw", text)
    assert [(gold.tree.leaves(), gold.line) for gold in read_treebank(tmp_path)] == [(("中国", "来", "<"), 3)]
    assert treebank_files(tmp_path) == [file]


@pytest.mark.parametrize(
    ("tree", "column", "problem"),
    [
        ("NP(Nab:狗)", 13, "expected role:LABEL(...) or role:POS:word, found 'Nab:狗)'"),
        ("NP(NP(Head:Nab:狗))", 13, "expected role:LABEL(...)"),
        ("NP(Head:Nab:狗", 23, "expected '|' or ')', found the line's end"),
        ("NP(Head:Nab:狗))", 24, "expected the end of the tree, found ')'"),
        ("NP(Head:Nab:狗|)", 24, "found ')'"),
        ("Nab:狗", 10, "expected LABEL(...), found 'Nab:狗'"),
        ("", 10, "found the line's end"),
    ],
)
def test_sinica_says_what_was_expected(tmp_path, tree, column, problem):
    text = f"\n#1:1.[39] {tree}#。(PERIODCATEGORY)"
    found = complaint(write(tmp_path / "a", text), "sinica")
    assert found.startswith(f"{tmp_path / 'a'}:2:{column + 1}: ")
    assert problem in found


def test_sinica_keeps_a_doubled_role(tmp_path):
    file = write(tmp_path / "a", "#1:1.[0] NP(Head:Head:Nab:鱟)#")
    assert trees_of(file, "sinica") == ["(NP (Nab 鱟))"]


def test_sinica_words_are_those_of_the_notation(real_corpora):
    path = real_corpora / "sinica"
    gold = list(read_treebank(path))
    lines = (path / "parsed-train").read_text("utf-8").splitlines()
    assert len(gold) == len(lines) == 8000
    for one in gold:
        notation = lines[one.line - 1].split("#")[1]
        assert list(one.tree.leaves()) == re.findall(r":([^:()|]+)(?=[|)])", notation)
        assert len(one.tree.spans()) + len(one.tree.leaves()) >= notation.count("(")
    assert sum(len(one.tree.leaves()) for one in gold) == 73_403


def test_a_copy_of_one_file_is_read_alike(real_corpora, tmp_path):
    shutil.copy(real_corpora / "wsj-sample" / "wsj_0001.mrg", tmp_path / "anything")
    (first, second) = read_treebank(tmp_path / "anything")
    assert first.tree.leaves()[:2] == ("Pierre", "Vinken")
    assert first.line < second.line


# -- filters -------------------------------------------------------------

FILTERED = Tree.from_brackets(
    "( (S (NP-SBJ (-NONE- *)) (VP (VBD paid) (NP ($ $) (CD 1,200) (-NONE- *U*))"
    " (PRN (: --) (FW 好) (SYM ●)))) (. .))"
)
KEPT = {
    "penn-words": "(X (S (VP (VBD paid) (NP (CD 1,200)) (PRN (FW 好) (SYM ●)))))",
    "unicode-words": "(X (S (VP (VBD paid) (NP (CD 1,200)) (PRN (FW 好)))))",
    "none": "(X (S (VP (VBD paid) (NP ($ $) (CD 1,200)) (PRN (: --) (FW 好) (SYM ●)))) (. .))",
}


def filtered(tree: Tree, words: str) -> Tree | None:
    tree = unwrap(tree)
    return prune(tree, [WORD_FILTERS[words](word, tag) for word, tag in tree.tagged()])


@pytest.mark.parametrize("words", WORD_FILTERS)
class TestEveryFilter:
    def test_keeps_words_and_no_empty_phrase(self, words):
        assert filtered(FILTERED, words).brackets() == KEPT[words]

    def test_a_second_time_changes_nothing(self, words):
        once = filtered(FILTERED, words)
        assert filtered(once, words) == once

    def test_a_tree_of_empty_elements(self, words):
        assert filtered(Tree.from_brackets("( (X (-NONE- *)))"), words) is None


@pytest.mark.parametrize(
    ("tree", "unwrapped"),
    [
        ("( (S (NN a) (NN b)))", "(S (NN a) (NN b))"),
        ("(ROOT (S (NN a) (NN b)))", "(S (NN a) (NN b))"),
        ("(TOP ( (S (NN a) (NN b))))", "(S (NN a) (NN b))"),
        ("( (NP (NN a)) (. .))", "(X (NP (NN a)) (. .))"),
        ("(ROOT (NN a))", "(NN a)"),
        ("(ROOT a)", "(ROOT a)"),
        ("(S (S (NN a)))", "(S (S (NN a)))"),
    ],
)
def test_roots(tree, unwrapped):
    assert unwrap(Tree.from_brackets(tree)).brackets() == unwrapped


def test_deep_trees_are_filtered():
    tree = Tree("NP", [Tree("NN", ["w"])])
    for _ in range(5000):
        tree = Tree("NP", [Tree(".", ["."]), tree])
    assert filtered(tree, "penn-words").leaves() == ("w",)
