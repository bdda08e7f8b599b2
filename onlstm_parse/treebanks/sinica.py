"""The notation of the Sinica Treebank (Chen et al. 1999), as in NLTK's sample.

One tree a line, `#number:id[id] tree#mark(CATEGORY)`. Every child of a phrase starts with its role:
`S(theme:NP(Head:Nhaa:我)|Head:VC1:住)`.

Omitted: roles, and the mark after the tree, which is outside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from onlstm_parse.errors import FormatError
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.format import Format, Sentence

_NUMBER = re.compile(r"#\S++\s++")
_FIRST = re.compile(r"#[^\s\[]*+\[[^\s\]]*+\]\s++[^():\s]++[(:]")
_NAMES = re.compile(r"[^():|]+(?::[^():|]+)*")  # role:LABEL or role:POS:word; a role may be doubled


def read(lines: Iterable[str], file: Path) -> Iterator[Sentence]:
    """Trees with their lines; raises FormatError with file, line and column."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _NUMBER.match(line)
        if not match:
            problem = f"expected '#number:id[id] tree#mark', found {line[:40]!r}"
            raise FormatError(problem, file=file, line=number, column=1)
        text = line[match.end() :].partition("#")[0].rstrip()
        try:
            yield Sentence(_tree(text), number)
        except _UnexpectedError as error:
            found = repr(text[error.position :][:20]) if text[error.position :] else "the line's end"
            problem = f"expected {error.expected}, found {found}"
            column = match.end() + error.position + 1
            raise FormatError(problem, file=file, line=number, column=column) from None


def recognises(head: str) -> bool:
    lines = (line for line in head.split("\n") if line.strip())
    return bool(_FIRST.match(next(lines, "")))


class _UnexpectedError(Exception):
    def __init__(self, expected: str, position: int) -> None:
        self.expected, self.position = expected, position


def _tree(text: str) -> Tree:
    labels: list[str] = []
    children: list[list[Tree]] = []
    position = 0
    while True:
        match = _NAMES.match(text, position)
        names = match[0].split(":") if match else []
        end = match.end() if match else position
        opens = text.startswith("(", end)
        wanted = 1 if not labels else 2 if opens else 3
        if len(names) < wanted or not (opens or labels):
            raise _UnexpectedError("role:LABEL(...) or role:POS:word" if labels else "LABEL(...)", position)
        position = end
        if opens:
            labels.append(names[-1])
            children.append([])
            position += 1
            continue
        children[-1].append(Tree(names[-2], [names[-1]]))
        while labels and text.startswith(")", position):
            tree = Tree(labels.pop(), children.pop())
            position += 1
            if labels:
                children[-1].append(tree)
        if not labels:
            break
        if not text.startswith("|", position):
            raise _UnexpectedError("'|' or ')'", position)
        position += 1
    if position < len(text):
        raise _UnexpectedError("the end of the tree", position)
    return tree


SINICA = Format(read, recognises, words="unicode-words")
