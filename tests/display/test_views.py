"""Pages and pictures of trees over level curves hold every sentence, layer and rule."""

import re
from xml.etree import ElementTree

import pytest

from onlstm_parse.cli.show import views_of
from onlstm_parse.display.drawing import panel, tiled
from onlstm_parse.display.svg import to_svg
from onlstm_parse.display.tables import markdown_table
from onlstm_parse.display.views import View, as_html, write_views
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.parsers.base import load
from onlstm_parse.tree import Tree

SVG = "{http://www.w3.org/2000/svg}"
TREES = [
    Tree("X", []),
    Tree("X", ["dog"], levels=[0.5]),
    Tree.from_spans(["一只", "狗", "<&>", '"'], [(0, 2), (2, 4)], levels=[0.9, 0.0, None, 1.0]),
    Tree.from_spans([str(i) for i in range(1000)], [(i, 1000) for i in range(1000)]),
]


@pytest.fixture(scope="module")
def run(tiny_run):
    return load(tiny_run)


@pytest.mark.parametrize("tree", TREES, ids=["empty", "word", "chinese", "deep"])
def test_a_panel_holds_every_word_and_level_inside_its_bounds(tree):
    drawing = panel(tree, "a title")
    words = [label.text for label in drawing.labels if label.role == "word"]
    assert tuple(words) == tree.leaves()
    assert len(drawing.dots) == sum(level is not None for level in tree.levels or ())
    points = [point for line in drawing.lines for point in line.points] + [dot[:2] for dot in drawing.dots]
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points)
    root = ElementTree.fromstring(to_svg(drawing))
    assert [node.text for node in root.iter(f"{SVG}text") if node.get("class") == "word"] == words


def test_a_dot_is_as_high_as_its_level():
    dots = panel(TREES[2]).dots
    low, high = dots[1].y, dots[2].y
    assert dots[0].y == pytest.approx(high + 0.1 * (low - high))
    assert [dot.hint for dot in dots] == ["一只: 0.9000", "狗: 0.0000", '": 1.0000']


def test_a_doubtful_bracket_says_so():
    spans = {(0, 2): 0.251, (0, 3): 0.9951}
    tree = Tree.from_spans(["a", "b", "c", "d"], spans, confidences=spans)
    assert [label.text for label in panel(tree).labels if label.role == "sure"] == ["25 %"]
    content = View(None, "expected", tree).content
    assert dict(zip(content["spans"], content["confidences"], strict=True)) == {**spans, (0, 4): 1.0}
    assert View(None, "token", Tree("X", ["a", "b"])).content["confidences"] is None


def test_the_axis_lies_close_around_the_levels():
    ticks = lambda *levels: [  # noqa: E731
        label.text
        for label in panel(Tree.from_spans(["a"] * len(levels), [], levels=list(levels))).labels
        if label.role == "tick"
    ]
    assert ticks(0.0, 1.0) == ["0", "0.5", "1"]
    assert ticks(0.41, 0.44, 0.48) == ["0.4", "0.45", "0.5"]
    assert ticks(0.2, 0.2) == ["0.2", "0.225", "0.25"]
    assert ticks(1.0) == ["0.95", "0.975", "1"]
    assert ticks(None, None) == ["0", "0.5", "1"]


def test_a_word_without_a_level_breaks_the_curve():
    curves = [line for line in panel(TREES[2]).lines if line.role == "curve"]
    assert [len(line.points) for line in curves] == [2, 1]


def test_tiles_do_not_cover_each_other():
    one = panel(TREES[2])
    whole = tiled([[one, one], [one]])
    assert whole.width > 2 * one.width
    assert whole.height > 2 * one.height
    assert len(whole.dots) == 3 * len(one.dots)
    assert len({dot[:2] for dot in whole.dots}) == len(whole.dots)


def test_views_are_what_the_parser_gives(run, tiny_run):
    import onlstm_parse

    sentences = ["The old dog , barked .", "A cat slept"]
    views = views_of(run, sentences)
    assert [(view.layer, view.rule) for view in views[0]] == [
        *((k, rule) for k in (1, 2, 3) for rule in ("token", "gap")),
        (None, "expected-token"),
        (None, "expected-gap"),
    ]
    for view in views[0]:
        parser = onlstm_parse.load(tiny_run, layer=view.layer, rule=view.rule)
        assert view.tree == parser.parse(sentences[0])
    (only,) = views_of(run, sentences[1:], layer=3, rule="gap")[0]
    assert (only.layer, only.rule) == (3, "gap")


def test_a_page_needs_nothing_else_and_escapes_what_it_shows(run):
    views = views_of(run, ["The <script> & dog", "", "一只 狗"])
    page = as_html(views, "a <title>", "facts & figures")
    assert "<script> &" not in page
    assert "a &lt;title&gt;" in page
    assert "facts &amp; figures" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert page.count("<figure") == 3 * 8
    assert page.count("data-off=") == 3 + 4
    for svg in re.findall(r"<svg.*?</svg>", page):
        ElementTree.fromstring(svg)


@pytest.mark.parametrize(
    ("kind", "begins"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".html", b"<!DOCTYPE")]
)
def test_the_name_chooses_the_kind(run, tmp_path, kind, begins):
    path = tmp_path / f"out{kind}"
    write_views(views_of(run, ["The old $1 dog barked , _ ^ $x$ ."], layer=2), path, "title", "facts")
    assert path.read_bytes().startswith(begins)
    with pytest.raises(UsageError, match="unknown kind of picture"):
        write_views([], tmp_path / "out.pdf", "title", "facts")


def test_png_without_matplotlib_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(OnlstmError, match=r"pip install 'onlstm-parse\[plot\]'"):
        write_views(views_of(run, ["a dog"]), tmp_path / "out.png", "title", "facts")
    assert not (tmp_path / "out.png").exists()


def test_characters_of_no_font_are_told_or_drawn(run, tmp_path):
    """Nobody has a glyph for a private character."""
    with pytest.raises(OnlstmError, match="no font on this machine"):
        write_views(views_of(run, ["a \ue123 dog"]), tmp_path / "out.png", "title", "facts")
    assert not list(tmp_path.iterdir())


def test_markdown_tables_are_rectangular():
    lines = markdown_table(["a", "b"], [["x|y", "1"], ["", "1,000"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)
