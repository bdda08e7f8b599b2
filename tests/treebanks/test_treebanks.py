"""Treebank formats: a contract for every name, real data, bad input."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treebanks.examples import EXAMPLES

from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.scoring.flattening import flatten
from onlstm_parse.tree import Tree, read_trees
from onlstm_parse.treebanks import FILTERS, FORMATS, WORD_FILTERS
from onlstm_parse.treebanks.reading import read_flat_treebank, read_treebank, treebank_files, treebank_format


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
    """Over the example of each format."""

    def test_is_read_and_recognised(self, format, tmp_path):
        example = EXAMPLES[format]
        file = write(tmp_path / "a", example.text)
        assert trees_of(file, format) == trees_of(file) == list(example.trees)
        assert treebank_format(file) == format
        assert [(gold.file, gold.line) for gold in read_treebank(file)] == [
            (file, line) for line in example.lines
        ]

    def test_no_other_format_takes_it(self, format):
        head = EXAMPLES[format].text
        assert [name for name in FORMATS if FORMATS[name].recognises(head)] == [format]

    def test_trees_are_written_and_read_back(self, format, tmp_path):
        trees = [gold.tree for gold in read_treebank(write(tmp_path / "a", EXAMPLES[format].text))]
        assert [tree for tree, _ in read_trees(tree.brackets() for tree in trees)] == trees
        assert [Tree.from_brackets(text) for text in EXAMPLES[format].trees] == trees

    def test_flat_reading_is_the_same_tree(self, format, tmp_path):
        file = write(tmp_path / "a", EXAMPLES[format].text)
        trees = [flatten(gold, unwrap=False) for gold in read_treebank(file)]
        assert list(read_flat_treebank(file)) == trees

    def test_in_any_wrapping(self, format, tmp_path):
        text, trees, *_ = EXAMPLES[format]
        folder = tmp_path / "deep" / "er"
        folder.mkdir(parents=True)
        ending = FORMATS[format].endings[0] if FORMATS[format].endings else ""
        write(folder / f"a{ending}", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        write(folder / f"b{ending}.gz", gzip.compress(text.encode()))
        write(folder / "README", "no trees in here")
        write(folder / ".hidden.mrg", "nor here")
        assert trees_of(tmp_path) == trees_of(tmp_path, format) == list(trees) * 2
        assert trees_of([folder / f"b{ending}.gz", folder / f"a{ending}"], format) == list(trees) * 2

    def test_a_folder_without_usual_endings(self, format, tmp_path):
        text, trees, *_ = EXAMPLES[format]
        write(tmp_path / "parsed-train", text)
        write(tmp_path / "README", "no trees in here")
        assert trees_of(tmp_path) == list(trees)

    def test_every_encoding(self, format, tmp_path):
        text, trees, *_ = EXAMPLES[format]
        for encoding in FORMATS[format].encodings:
            assert trees_of(write(tmp_path / "a", text.encode(encoding)), format) == list(trees)

    def test_says_where_a_tree_is_malformed(self, format, tmp_path):
        *_, broken, line = EXAMPLES[format]
        file = write(tmp_path / "a", broken)
        assert re.match(rf"{file}:{line}:\d+: (expected .* found|.* never close)", complaint(file, format))

    def test_says_where_bytes_are_not_text(self, format, tmp_path):
        if "latin-1" in FORMATS[format].encodings:
            pytest.skip("every byte is a character there")
        line = EXAMPLES[format].lines[1]
        lines = EXAMPLES[format].text.encode().split(b"\n")
        lines[line - 1] = b"\xff" + lines[line - 1]
        file = write(tmp_path / "a", b"\n".join(lines))
        assert f"{file}:{line}:1: expected UTF-8 text, found byte 0xff" in complaint(file, format)

    def test_no_text_and_no_trees(self, format, tmp_path):
        assert "found" in complaint(write(tmp_path / "a", ""), format)
        assert "found" in complaint(write(tmp_path / "b", "\n \n"), format)

    def test_names_a_word_filter_that_keeps_words(self, format):
        is_word = WORD_FILTERS[FORMATS[format].words]
        for text in EXAMPLES[format].trees:
            tagged = Tree.from_brackets(text).tagged()
            assert any(is_word(word, tag) for word, tag in tagged) or len(tagged) < 3

    def test_streams(self, format):
        def lines():
            yield from text.split("\n")[: where[1]]
            raise AssertionError("read on before the first trees were taken")

        text, _, where, *_ = EXAMPLES[format]
        if where[0] != where[1]:
            assert next(FORMATS[format].read(lines(), Path("f"))).line == where[0]

    @given(text=st.text(st.sampled_from("#:|()[]<>/=% \t\n.aB39树")))
    def test_any_text_is_read_or_explained(self, format, text):
        try:
            for tree, line, _ in FORMATS[format].read(text.split("\n"), Path("f")):
                assert tree.leaves() is not None
                assert line >= 1
        except FormatError as error:
            assert error.line  # noqa: PT017
            assert error.column  # noqa: PT017


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


def test_a_folder_holds_one_format(tmp_path):
    """Not the notes beside the trees, nor the same trees in two notations."""
    write(tmp_path / "a.export", EXAMPLES["negra"].text)
    write(tmp_path / "a.xml", EXAMPLES["tiger"].text)
    assert treebank_files(tmp_path) == [tmp_path / "a.export"]
    assert treebank_files(tmp_path, "tiger") == [tmp_path / "a.xml"]


def test_filters_while_reading(tmp_path):
    file = write(tmp_path / "a", EXAMPLES["penn"].text)
    found = [(one.tree.brackets(), one.line) for one in read_treebank(file, filters="punctuation,length:2-9")]
    assert found == [
        ("( (S (NP-SBJ (DT the) (NN dog)) (VP (VBZ barks))))", 1),
        ("(X (X two words))", 4),
    ]


@pytest.mark.parametrize("name", [*FORMATS, *FILTERS, *WORD_FILTERS])
def test_the_guide_has_a_row_for_every_name(name):
    guide = (Path(__file__).parents[2] / "docs" / "treebanks.md").read_text("utf-8")
    assert re.search(rf"^\| `{name}[`:]", guide, re.MULTILINE)


def test_alpino_with_an_outer_element_and_a_declared_encoding(tmp_path):
    """`<alpino>` around its sentences, in Latin-1."""
    inner = EXAMPLES["alpino"].text.split("<treebank>")[-1].replace("</treebank>", "").replace("Wie", "Wié")
    inner = re.sub(r"<\?xml[^>]*>|<!--.*?-->", "", inner, flags=re.DOTALL)
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<alpino version="1.2">{inner}</alpino>\n'
    file = tmp_path / "a.xml"
    file.write_bytes(text.encode("latin-1"))
    assert treebank_format(file) == "alpino"
    trees = [str(gold.tree) for gold in read_treebank(file)]
    assert trees == [tree.replace("Wie", "Wié") for tree in EXAMPLES["alpino"].trees]


def test_the_encoding_may_be_named_with_the_format(tmp_path):
    file = tmp_path / "a.mrg"
    file.write_bytes("( (S (NN café)) )\n( (S (NN dog)) )\n".encode("latin-1"))
    with pytest.raises(
        FormatError, match=r"1:13: expected UTF-8 text, found byte 0xe9; name .*--format penn:latin-1"
    ):
        list(read_treebank(file))
    for reader in (read_treebank, read_flat_treebank):
        assert len(list(reader(file, "penn:latin-1"))) == 2
    assert next(iter(read_treebank(file, "penn:latin-1"))).tree.leaves() == ("café",)
    with pytest.raises(FormatError, match=r"expected GB18030 text, found byte 0x"):
        list(read_treebank(file, "penn:gb18030"))
    with pytest.raises(UsageError, match="unknown encoding 'latin-9000'"):
        read_treebank(file, "penn:latin-9000")
    with pytest.raises(UsageError, match="unknown treebank format 'pen'"):
        read_treebank(file, "pen:latin-1")
