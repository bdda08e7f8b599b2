"""Every format's reader on thousands of damaged files, and on trees of any depth and size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from treebanks.examples import EXAMPLES

from onlstm_parse.errors import FormatError
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import FILTERS, FORMATS
from onlstm_parse.treebanks.filters import composed
from onlstm_parse.treebanks.format import Sentence
from onlstm_parse.treebanks.reading import GoldTree, read_treebank

N_FILES = 1000  # of each format
BITS = [
    *(
        b"(",
        b")",
        b"((",
        b"))",
        b"|",
        b":",
        b"#",
        b"<",
        b">",
        b"</",
        b"/>",
        b"&",
        b";",
        b'"',
        b"'",
        b"=",
        b"%%",
    ),
    *(
        b" ",
        b"\n",
        b"\t",
        b"\r",
        b"\0",
        b"\xff",
        b"\x1f\x8b",
        b"0",
        b"500",
        b"-1",
        b"999999999999",
        b"--",
        b"HD",
    ),
    *(
        b"#BOS 1 0 0 0\n",
        b"#EOS 1\n",
        b"#FORMAT 4\n",
        b"#FORMAT 9\n",
        b"#BOT X\n",
        b"<S ID=1>",
        b"<s>",
        b"</s>",
    ),
    *(
        b"<node",
        b"<alpino_ds>",
        b"&lt;",
        b"&x;",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
        b"<!--",
        b"]]>",
        b"<?x?>",
    ),
    *(
        "树".encode(),
        "树".encode("gb18030"),
        "ä".encode("latin-1"),
        b"\xe2\x80\xa8",
        b"-LRB-",
        b"-NONE-",
        b"*x*",
    ),
]


def damaged(text: bytes, random: Random) -> bytes:
    """A few pieces taken out, put in, doubled, moved or replaced."""
    for _ in range(random.choice([1, 1, 2, 3, 8])):
        a, b = sorted(random.randrange(len(text) + 1) for _ in range(2))
        b = random.choice([b, min(b, a + 3)])
        c = random.randrange(len(text) + 1)
        text = random.choice(
            [
                text[:a] + text[b:],
                text[:a] + random.choice(BITS) + text[a:],
                text[:a] + random.choice(BITS) + text[b:],
                text[:c] + text[a:b] + text[c:],
                text[:a] + bytes([random.randrange(256)]) + text[a + 1 :],
                text[:a],
            ]
        )
    return text


def trees_or_error(trees: Iterable[GoldTree | Sentence]) -> list[Tree] | FormatError:
    try:
        return [one.tree for one in trees]
    except FormatError as error:
        return error


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_files_give_trees_or_one_error(format, tmp_path):
    random = Random(format)
    everything = composed([name for name in FILTERS if name not in ("words", "length")])
    read_flat = FORMATS[format].read_flat
    n_read = 0
    for number in range(N_FILES):
        text = damaged(EXAMPLES[format].text.encode(), random)
        if number % 10:  # on disk, opening files takes longer than reading them
            lines = text.decode("utf-8", "replace").split("\n")
            found = trees_or_error(FORMATS[format].read(lines, Path("a")))
        else:
            (tmp_path / "a").write_bytes(text)
            lines = []
            found = trees_or_error(read_treebank(tmp_path / "a", None if number % 20 else format))
        if isinstance(found, FormatError):
            whole = re.search("found none|an empty file|gzip", str(found))
            assert Path(found.file).name == "a", text
            assert whole or (found.line >= 1 and found.column >= 1), (found, text)
            continue
        n_read += 1
        for tree in found:
            assert Tree.from_brackets(tree.brackets()) == tree, text
            everything(tree)
        if read_flat and lines:
            assert [flat for flat, _ in read_flat(lines, Path("a"))] == [tree.flat() for tree in found]
    assert 0 < n_read < N_FILES


# -- any depth, any size -------------------------------------------------


def nested(depth: int, opening: str, closing: str, leaf: str) -> str:
    return opening * depth + leaf + closing * depth


def export(depth: int) -> str:
    """Every constituent over a word and the next constituent; the last over one word."""
    words = [f"w\tNN\t--\t--\t{500 + i}" for i in range(depth)]
    phrases = [f"#{500 + i}\tNP\t--\tHD\t{499 + i if i else 0}" for i in range(depth)]
    return "\n".join(["#FORMAT 3", "#BOS 1 0 0 0", *words, *reversed(phrases), "#EOS 1"])


def tiger(depth: int) -> str:
    words = [f'<t id="{i}" word="w" pos="NN"/>' for i in range(depth)]
    phrases = [
        f'<nt id="n{i}" cat="NP"><edge idref="{i}"/>'
        + (f'<edge idref="n{i + 1}"/>' if i + 1 < depth else "")
        + "</nt>"
        for i in range(depth)
    ]
    return "<corpus><s><graph>" + "\n".join(words + phrases) + "</graph></s></corpus>"


NODE = '<node cat="np" rel="--"><node pt="n" begin="0" word="w"/>'
DEEP = {
    "penn": lambda depth: nested(depth, "(NP (NN w)\n", ")", "(NN w)"),
    "ctb": lambda depth: "<S ID=1>\n" + nested(depth, "(NP (NN w)", "\n)", "(NN w)") + "\n</S>",
    "sinica": lambda depth: "#1:1.[0] " + nested(depth, "NP(Head:Na:w|Head:", ")", "Na:w") + "#",
    "negra": export,
    "tiger": tiger,
    "alpino": lambda depth: "<alpino_ds>" + nested(depth, NODE, "\n</node>", "") + "</alpino_ds>",
    "conllu": lambda depth: "\n".join(f"{i + 1}\tw\t_\tNOUN" + "\t_" * 6 for i in range(depth)),
}


@pytest.mark.parametrize("format", DEEP)
def test_depth_is_no_limit(format, tmp_path):
    file = tmp_path / "a"
    file.write_text(DEEP[format](10_000))
    (gold,) = read_treebank(file, format)
    assert len(gold.tree.leaves()) in (10_000, 10_001)
    if FORMATS[format].has_trees:
        assert len(gold.tree.spans()) in (9_999, 10_000)  # without a pre-terminal at the bottom
    assert trees_or_error(read_treebank(file)) == [gold.tree]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "start", ["", "(X ", "#1:1.[3] ", "<S ID=1>", "<corpus>", "<alpino_ds>", "#BOS 1 0 0 0\n", "1\t"]
)
def test_long_lines_are_read_in_one_go(format, start):
    """A pattern that backtracks would hang here."""
    for piece in (" ", "(", "[", "<", "<!--a-->", "</a>", "a:", "\t", "# ", "-", "a (", "</a", "&"):
        text = start + piece * 100_000 + "x"
        trees_or_error(FORMATS[format].read(text.split("\n"), Path("f")))
        FORMATS[format].recognises(text)


@pytest.mark.parametrize("format", ["tiger", "alpino"])
def test_entities_are_refused(format, tmp_path):
    file = tmp_path / "a"
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    file.write_text(f'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>\n<corpus>&l9;</corpus>')
    error = trees_or_error(read_treebank(file, format))
    assert str(error).startswith(f"{file}:2:13: expected XML without a document type")
