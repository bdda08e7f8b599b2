"""Trees in notebooks and in other libraries; the notebooks of the documentation run."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import onlstm_parse
from onlstm_parse.tree import Tree, Trees

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))
TREE = Tree.from_brackets("(S (NP (DT the) (NN dog)) (VP (VBZ barks)) done)")


def test_a_tree_is_a_picture():
    tree = Tree.from_spans(["a", "<b>"], [], levels=[0.25, None])
    texts = [node.text for node in ElementTree.fromstring(tree._repr_svg_()).iter() if node.text]
    assert "<b>" in texts


def test_a_list_of_trees_is_several_pictures(tiny_run):
    trees = onlstm_parse.load(tiny_run).parse_all(["a dog", "", "a cat sleeps"])
    assert isinstance(trees, Trees)
    assert [len(tree.leaves()) for tree in trees] == [2, 0, 3]
    assert trees._repr_html_().count("<svg") == 3


def test_levels_as_an_array():
    assert Tree.from_spans(["a", "b"], [], levels=[0.25, None]).level_array.tolist()[0] == 0.25
    assert np.isnan(Tree.from_spans(["a", "b"], [], levels=[0.25, None]).level_array[1])
    assert np.isnan(TREE.level_array).tolist() == [True] * 4


def test_to_and_from_nltk():
    assert Tree.from_nltk(TREE.to_nltk()) == TREE


def test_to_and_from_stanza():
    pytest.importorskip("stanza")
    theirs = TREE.to_stanza()
    assert str(theirs) == "(S (NP (DT the) (NN dog)) (VP (VBZ barks)) done)"
    assert theirs.leaf_labels() == ["the", "dog", "barks"]  # those under a tag
    assert Tree.from_stanza(theirs) == TREE
    deep = Tree.from_spans([str(k) for k in range(300)], [(k, 300) for k in range(300)])
    assert Tree.from_stanza(deep.to_stanza()) == deep


def test_scores_as_a_data_frame(monkeypatch):
    pytest.importorskip("pandas")
    score = onlstm_parse.score([TREE], [TREE], words="none")
    frame = score.to_frame()
    chosen = frame[(frame["measure"] == "sentence_f1") & (frame["group"] == "all")]
    assert chosen["value"].tolist() == [score.sentence_f1]
    assert set(frame["signature"]) == {score.signature}
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(onlstm_parse.OnlstmError, match="pip install pandas"):
        score.to_frame()


SPACY = """
import sys, spacy
from spacy.tokens import Doc, DocBin
nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
nlp.add_pipe("onlstm_parse", config={"run": sys.argv[1], "rule": "gap"})
doc = nlp("The old dog barked.  A cat slept.")
again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
for one in doc, again:
    print(*one._.trees, one._.tree, sep="\\n")
    print([str(sentence._.tree) for sentence in one.sents] == [str(tree) for tree in one._.trees])
other = nlp.make_doc("a dog")
other._.trees = [doc._.trees[1]]
print(other._.tree)
print(doc._.trees[0].levels == again._.trees[0].levels, doc[1:3]._.tree, nlp.make_doc("a dog")._.tree)
"""


def test_spacy(tiny_run, tmp_path):
    pytest.importorskip("spacy")
    command = [sys.executable, "-W", "ignore", "-c", SPACY, str(tiny_run)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    parser = onlstm_parse.load(tiny_run, rule="gap")
    trees = [*parser.parse_words([["The", "old", "dog", "barked", "."], ["A", "cat", "slept", "."]])]
    expected = [str(trees[0]), str(trees[1]), f"(X {trees[0]} {trees[1]})", "True"]
    assert lines == [*expected, *expected, str(trees[1]), "True None None"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_documentation_s_notebooks_run(notebook, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    read = nbformat.read(notebook, as_version=4)
    nbclient.NotebookClient(read, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
