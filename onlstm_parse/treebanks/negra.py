"""The NEGRA export format, versions 3 and 4 (Brants 1997), which TIGER uses too.

One node a line, words first: word, (lemma in version 4,) tag, morphology, edge, parent. Crossing branches are
removed by the rule `raise` (graph.py).

Omitted: morphology, lemmas, secondary edges, the tables `#BOT ... #EOT`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from onlstm_parse.errors import FormatError
from onlstm_parse.treebanks.format import Format, Sentence
from onlstm_parse.treebanks.graph import Node, to_sentence

HEAD = "HD"
_FIELD = re.compile(r"[^\t ]+")
_CONSTITUENT = re.compile(r"#[0-9]{3,}", re.ASCII)
_FIRST = re.compile(r"#FORMAT\s|#BOS\s|#BOT\s|%%")


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Trees with the line of their `#BOS`; raises FormatError with file, line and column."""
    nodes: list[Node] = []
    begun = 0  # line of the #BOS
    version, in_table, number = "3", False, 0
    for number, line in enumerate(lines, 1):
        fields = _FIELD.findall(line)
        first = fields[0] if fields else "%%"
        if first in ("#BOT", "#EOT"):
            in_table = first == "#BOT"
        elif in_table or (first.startswith("%%") and (not begun or len(fields) < 5)):
            continue
        elif first == "#FORMAT":
            version = _version(fields, number, file)
        elif first == "#BOS" and not begun:
            begun = number
        elif first == "#EOS" and begun:
            yield to_sentence(nodes, file, begun)
            nodes, begun = [], 0
        elif begun and first not in ("#BOS", "#EOS"):
            nodes.append(_node(fields, version, len(nodes), number, file))
        else:
            expected = "a node or #EOS" if begun else "#BOS"
            raise FormatError(f"expected {expected}, found {line[:40]!r}", file=file, line=number, column=1)
    if begun:
        raise FormatError("expected #EOS, found the file's end", file=file, line=number, column=1)


def _version(fields: list[str], number: int, file: Path) -> str:
    if fields[1:] not in (["3"], ["4"]):
        problem = f"expected #FORMAT 3 or 4, found {' '.join(fields)[:40]!r}"
        raise FormatError(problem, file=file, line=number, column=1)
    return fields[1]


def _node(fields: list[str], version: str, position: int, number: int, file: Path) -> Node:
    columns = fields[:1] + fields[2:] if version == "4" else fields
    if len(columns) < 5 or not columns[4].isdecimal():
        problem = f"expected word, tag, morphology, edge and parent's number, found {' '.join(fields)[:60]!r}"
        raise FormatError(problem, file=file, line=number, column=1)
    first, label, _, edge, parent = columns[:5]
    above = None if parent == "0" else f"#{parent}"
    if _CONSTITUENT.fullmatch(first):
        return Node(first, label, above, edge == HEAD, None, number, 1)
    return Node(f"word {position}", label, above, edge == HEAD, first, number, 1)


def recognises(head: str) -> bool:
    lines = [line for line in head.split("\n") if line.strip()]
    marked = any(line.startswith(("#FORMAT", "#BOS")) for line in lines)
    return bool(lines and _FIRST.match(lines[0])) and marked


NEGRA = Format(
    read,
    recognises,
    words="no-punctuation",
    endings=(".export", ".negra"),
    encodings=("utf-8", "latin-1"),
)
