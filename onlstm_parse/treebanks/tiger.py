"""TIGER-XML (Mengel and Lezius 2000): terminals, nonterminals, and edges between them.

Crossing branches are removed by the rule `raise` (graph.py).

Omitted: secondary edges, annotation schemes, matches, and attributes other than `word`, `pos` and `cat`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from onlstm_parse.errors import FormatError
from onlstm_parse.treebanks.format import Format, Sentence
from onlstm_parse.treebanks.graph import Node, to_sentence
from onlstm_parse.treebanks.xml_events import Element, elements

HEAD = "HD"
_FIRST = re.compile(r"\s*(?:<\?xml[^>]*+>\s*)?(?><!--.*?-->\s*)*+<(?:corpus|subcorpus|body|s)\b", re.DOTALL)


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Trees with the line of their `<s>`; raises FormatError with file, line and column."""
    begun: Element | None = None
    nodes: list[Node] = []
    edges: dict[str, Element] = {}  # by child; their attributes gain the parent
    for element in elements(lines, file):
        name, attributes = element.name, element.attributes
        if name == "s" and not element.ends:
            begun, nodes, edges = element, [], {}
        elif name == "s" and begun:
            yield to_sentence(_linked(nodes, edges, file), file, begun.line)
            begun = None
        elif element.ends or not begun:
            continue
        elif name in ("t", "nt"):
            word = element.expect("word", file) if name == "t" else None
            label = attributes.get("pos" if name == "t" else "cat", "--")
            place = element.line, element.column
            nodes.append(Node(element.expect("id", file), label, None, False, word, *place))
        elif name == "edge":
            child = element.expect("idref", file)
            if child in edges or not nodes:
                found = f"another edge to {child[:40]!r}" if nodes else "an edge outside a node"
                problem = f"expected one edge to each node, in its parent, found {found}"
                raise FormatError(problem, file=file, line=element.line, column=element.column)
            edges[child] = element._replace(attributes={**attributes, "parent": nodes[-1].id})


def _linked(nodes: list[Node], edges: dict[str, Element], file: Path) -> list[Node]:
    """The nodes with their parents, words first and in order."""
    linked = []
    for node in nodes:
        edge = edges.pop(node.id, None)
        if edge:
            attributes = edge.attributes
            node = node._replace(parent=attributes["parent"], is_head=attributes.get("label") == HEAD)
        linked.append(node)
    for child, edge in edges.items():
        problem = f"expected an edge to a node of the sentence, found one to {child[:40]!r}"
        raise FormatError(problem, file=file, line=edge.line, column=edge.column)
    return linked


def recognises(head: str) -> bool:
    return bool(_FIRST.match(head)) and not re.match(r"\s*<S\b", head)


TIGER = Format(
    read,
    recognises,
    words="no-punctuation",
    endings=(".xml", ".tigerxml"),
    encodings=("utf-8", "latin-1"),
)
