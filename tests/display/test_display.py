"""Drawings show every word and level, whatever the tree."""

import json
from xml.etree import ElementTree

import pytest

from onlstm_parse.display import TREE_FORMATS
from onlstm_parse.tree import Tree

TREES = [
    Tree("X", []),
    Tree("X", ["dog"], levels=[0.5]),
    Tree.from_spans(["一只", "狗", "<&>", '"'], [(0, 2), (2, 4)], levels=[0.9, 0.0, None, 1.0]),
    Tree.from_spans([str(i) for i in range(3000)], [(i, 3000) for i in range(3000)]),
]


@pytest.mark.parametrize("tree", TREES, ids=["empty", "word", "chinese", "deep"])
@pytest.mark.parametrize("name", TREE_FORMATS)
def test_every_format_takes_every_tree(name, tree):
    shown = TREE_FORMATS[name](tree)
    for word in tree.leaves()[:50]:
        assert word in shown or name == "svg" or json.dumps(word)[1:-1] in shown
    if name != "pretty":
        assert "\n" not in shown


def test_pretty_has_a_line_a_word_and_a_bracket():
    lines = TREE_FORMATS["pretty"](TREES[2]).splitlines()
    assert [line.split("── ")[-1] for line in lines] == ["X", "一只", "狗", "X", "<&>", '"']
    assert lines[1].startswith(" 0.90 " + "█" * 18)


def test_svg_is_well_formed_and_has_the_levels():
    root = ElementTree.fromstring(TREE_FORMATS["svg"](TREES[2]))
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["一只: 0.9000", "狗: 0.0000", '": 1.0000']
