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
from onlstm_parse.treebanks.format import Example, Format, Sentence
from onlstm_parse.treebanks.graph import Node, to_sentence
from onlstm_parse.treebanks.xml_events import Element, elements

HEAD = "hd"
_FIRST = re.compile(r"\s*(?:<\?xml[^>]*+>\s*)?(?><!--.*?-->\s*)*+<(?:alpino_ds|treebank)\b", re.DOTALL)


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


EXAMPLE = Example(
    text="""<?xml version="1.0" encoding="UTF-8"?>
<treebank>
<alpino_ds version="1.3">
  <node begin="0" cat="top" end="6" id="0" rel="top">
    <node begin="0" cat="smain" end="5" id="1" rel="--">
      <node begin="0" cat="np" end="1" id="2" index="1" rel="su">
        <node begin="0" end="1" id="3" lemma="wie" pt="vnw" rel="hd" word="Wie"/>
      </node>
      <node begin="1" end="2" id="4" lemma="hebben" pt="ww" rel="hd" word="heeft"/>
      <node begin="0" cat="ppart" end="5" id="5" rel="vc">
        <node begin="0" end="1" id="6" index="1" rel="su"/>
        <node begin="4" end="5" id="9" pt="ww" rel="hd" word="gezien"/>
        <node begin="2" cat="np" end="4" id="7" rel="obj1">
          <node begin="2" end="3" id="8" pt="lid" rel="det" word="het"/>
          <node begin="3" end="4" id="10" pt="n" rel="hd" word="huis (nr. 2)"/>
        </node>
      </node>
    </node>
    <node begin="5" end="6" id="11" pt="let" rel="--" word="?"/>
  </node>
  <sentence>Wie heeft het huis (nr. 2) gezien ?</sentence>
</alpino_ds>
<alpino_ds version="1.3">
  <node cat="top" rel="top">
    <node cat="inf" rel="--">
      <node begin="0" pos="adj" rel="mod" word="Hard"/>
      <node begin="2" pos="verb" rel="hd" word="lopen"/>
    </node>
    <node begin="1" pos="punct" rel="--" word=","/>
  </node>
</alpino_ds>
</treebank>
""",
    trees=(
        "(top (smain (np (vnw Wie)) (ww heeft) (ppart (np (lid het)"
        " (n huis-SPACE--LRB-nr.-SPACE-2-RRB-)) (ww gezien))) (let ?))",
        "(top (adj Hard) (punct ,) (inf (verb lopen)))",
    ),
    lines=(3, 23),
    broken='<alpino_ds>\n<node cat="top"><node pt="n" word="x"/></node>\n</alpino_ds>\n',
    broken_line=2,
)
ALPINO = Format(
    read,
    recognises,
    words="no-punctuation",
    example=EXAMPLE,
    endings=(".xml",),
    encodings=("utf-8", "latin-1"),
)
