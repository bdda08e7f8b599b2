"""Alpino XML (van Noord et al. 2013, the Lassy treebanks): nested nodes, words by their position.

Usually a file holds one sentence; several are read too. Nodes that only refer to another (`index` without a
word) are left out. Crossing branches are removed by the rule `raise` (graph.py); the head is the child with
`rel="hd"`.

Omitted: relations, lemmas, features.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from onlstm_parse.errors import FormatError
from onlstm_parse.treebanks.format import Format, Sentence
from onlstm_parse.treebanks.graph import Node, to_sentence
from onlstm_parse.treebanks.xml_events import Element, elements

HEAD = "hd"
_FIRST = re.compile(r"\s*(?:<\?xml[^>]*+>\s*)?(?><!--.*?-->\s*)*+<(?:alpino_ds|alpino|treebank)\b", re.DOTALL)


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Trees with the line of their `<alpino_ds>`; raises FormatError with file, line and column."""
    begun: Element | None = None
    phrases: list[Node] = []
    words: list[tuple[int, Node]] = []  # with their position
    above: list[str] = []  # names of the open nodes
    for element in elements(lines, file):
        if element.name == "alpino_ds":
            if begun and element.ends:
                words.sort(key=lambda word: word[0])
                yield to_sentence([*(node for _, node in words), *phrases], file, begun.line)
            begun = None if element.ends else element
            phrases, words, above = [], [], []
        elif element.name == "node" and begun:
            if element.ends:
                above.pop()
                continue
            node = _node(element, str(len(phrases) + len(words)), above[-1] if above else None)
            if node.word is None:
                phrases.append(node)
            else:
                words.append((_position(element, file), node))
            above.append(node.id)


def _node(element: Element, name: str, parent: str | None) -> Node:
    attributes = element.attributes
    word = attributes.get("word")
    kinds = ("cat",) if word is None else ("pt", "pos", "postag")
    label = next((attributes[kind] for kind in kinds if kind in attributes), "--")
    is_head = attributes.get("rel") == HEAD
    return Node(name, label, parent, is_head, word, element.line, element.column)


def _position(element: Element, file: Path) -> int:
    begin = element.expect("begin", file)
    if not re.fullmatch("[0-9]{1,9}", begin, re.ASCII):
        problem = f"expected a position in begin, found {begin[:40]!r}"
        raise FormatError(problem, file=file, line=element.line, column=element.column)
    return int(begin)


def recognises(head: str) -> bool:
    return bool(_FIRST.match(head))


ALPINO = Format(
    read,
    recognises,
    words="no-punctuation",
    endings=(".xml",),
    encodings=("utf-8", "latin-1"),
)
