"""Bracket notation: `(S (NP (DT the) (NN dog)) (VP (VBZ barks)))`.

A tree is written on one line. The reader also takes several trees a line, one tree over many lines, an
empty or a labelled root, pre-terminals or bare leaves, and comment lines between trees (`;`, `%`, `#`, and
the `*x*` headers of the Brown part of the Penn Treebank). The token after `(` is always the label.

Some characters are escaped: brackets as in the Penn Treebank, a space as `-SPACE-`, other white space by
its number, an empty token as `-EMPTY-`, and the first hyphen of a word that looks like an escape. Every
tree is read back as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from typing import NamedTuple, TypeVar

from onlstm_parse.errors import FormatError
from onlstm_parse.flat import Flat

File = str | PathLike[str] | None
Node = TypeVar("Node")

_ESCAPES = {"(": "-LRB-", ")": "-RRB-", " ": "-SPACE-", "": "-EMPTY-"}
_ESCAPES |= {character: f"-U+{ord(character):04X}-" for character in "\t\n\v\f\r-"}
_UNESCAPES = {escape: character for character, escape in _ESCAPES.items()}
_UNESCAPES |= {"-lrb-": "(", "-rrb-": ")"}  # text in lower case
_UNESCAPE = re.compile("|".join(map(re.escape, _UNESCAPES)))
_LOOKALIKE = "|".join(re.escape(escape[1:-1]) for escape in _UNESCAPES)
_ESCAPE = re.compile(rf"[()\s]|-(?=(?:{_LOOKALIKE})[-()\s])", re.ASCII)

# Only ASCII white space separates tokens: a no-break space may be part of a word.
# "(" with its label, and with the leaf where it is a pre-terminal; a leaf; or ")".
_TOKENS = re.compile(r"(\()\s*+([^()\s]*+)(?:\s++([^()\s]++)\s*+\))?|([^()\s]++)|\)", re.ASCII)
_UNFINISHED = re.compile(r"\(\s*+[^()\s]*+(?:\s++[^()\s]++)?+\s*+$", re.ASCII)  # may become a pre-terminal
_SPACE = " \t\n\v\f\r"
_PIECE = 50_000
COMMENT = re.compile(r"\s*(?:[;%#]|\*x\*)")


def escape(token: str) -> str:
    """The written form of a label or leaf."""
    if token.isalnum():
        return token
    return _ESCAPE.sub(lambda match: _ESCAPES[match[0]], token) or _ESCAPES[""]


def unescape(token: str) -> str:
    return _UNESCAPE.sub(lambda match: _UNESCAPES[match[0]], token)


def read_nodes(
    lines: Iterable[str], node: Callable[[str, list[Node | str]], Node], file: File = None
) -> Iterator[tuple[Node, int]]:
    """Stream trees, each with the line (from 1) where it begins; `node(label, children)` makes a node.

    Raises FormatError with file, line and column.
    """
    labels: list[str] = []  # of the open brackets
    outer: list[list[Node | str]] = []  # children so far of the brackets around the innermost one
    children: list[Node | str] = []  # of the innermost bracket
    source = _Source(lines, file, labels)
    for text in source:
        plain = unescape if _UNESCAPE.search(text) else str
        for opens, label, word, leaf in _TOKENS.findall(text):
            if word:
                children.append(node(plain(label), [plain(word)]))
            elif opens:
                labels.append(plain(label))
                outer.append(children)
                children = []
                continue
            elif leaf and labels:
                children.append(plain(leaf))
                continue
            elif labels:
                tree = node(labels.pop(), children)
                children = outer.pop()
                children.append(tree)
            else:
                raise source.stray()
            if not labels:
                yield children.pop(), source.tree_line()  # type: ignore[misc]
    source.expect_end()


def read_flat(lines: Iterable[str], file: File = None) -> Iterator[tuple[Flat, int]]:
    """Like `read_nodes`, but without nodes: faster, and the same as `Tree.flat`."""
    labels: list[str] = []
    opened: list[int] = []  # the first leaf of each open bracket
    flat = Flat([], [], [], [], [])
    leaves, tags, starts, stops, names = flat[:5]
    source = _Source(lines, file, labels)
    for text in source:
        plain = unescape if _UNESCAPE.search(text) else str
        for opens, label, word, leaf in _TOKENS.findall(text):
            if word:
                leaves.append(plain(word))
                tags.append(plain(label))
            elif opens:
                labels.append(plain(label))
                opened.append(len(leaves))
                continue
            elif leaf and labels:
                leaves.append(plain(leaf))
                tags.append(None)
                continue
            elif labels:
                start, label = opened.pop(), labels.pop()
                if start < len(leaves):
                    starts.append(start)
                    stops.append(len(leaves))
                    names.append(label)
            else:
                raise source.stray()
            if not labels:
                yield flat, source.tree_line()
                flat = Flat([], [], [], [], [])
                leaves, tags, starts, stops, names = flat[:5]
    source.expect_end()


class _Place(NamedTuple):
    """A piece of text, the line it is on, the column of its first character less 1, and the depth there."""

    text: str
    line: int
    offset: int
    depth: int


class _Source:
    """Pieces of text without comments, none of which ends inside a pre-terminal; and the places of errors.

    `labels` are the labels of the brackets that the reader has open.
    """

    def __init__(self, lines: Iterable[str], file: File, labels: list[str]) -> None:
        self.lines, self.file, self.labels = lines, file, labels
        self.here = self.begun = _Place("", 1, 0, 0)  # the current piece, and where the tree began

    def __iter__(self) -> Iterator[str]:
        carried = ""
        for number, line in enumerate(self.lines, 1):
            if not (self.labels or carried) and COMMENT.match(line):
                continue
            for start, piece in _pieces(line):
                text = f"{carried} {piece}" if carried else piece
                offset = start + len(piece) - len(text)
                self.here = _Place(text, number, offset, len(self.labels))
                if not (self.labels or carried):
                    self.begun = self.here
                opening = text.rfind("(")
                carried = ""
                if text.rfind(")") < opening and _UNFINISHED.fullmatch(text, opening):
                    carried, text = text[opening:].rstrip(_SPACE), text[:opening]
                yield text
        yield carried

    def tree_line(self) -> int:
        """The first line of the tree that was just read."""
        line, self.begun = self.begun.line, self.here
        return line

    def stray(self) -> FormatError:
        """The error for text outside all brackets in the current piece."""
        for depth, match in _walk(self.here):
            token = match[0]
            if depth == 0 and token[0] != "(":
                found = "a ')' that closes nothing" if token == ")" else f"{token[:40]!r} outside any bracket"
                break
        column = self.here.offset + match.start() + 1
        return FormatError(f"expected '(', found {found}", file=self.file, line=self.here.line, column=column)

    def expect_end(self) -> None:
        if self.labels:
            starts = [match.start() for depth, match in _walk(self.begun) if depth == 0 and match[0] == "("]
            problem = f"{len(self.labels)} of the tree's brackets never close"
            column = self.begun.offset + starts[-1] + 1
            remedy = "add the missing ')'"
            raise FormatError(problem, file=self.file, line=self.begun.line, column=column, remedy=remedy)


def _pieces(line: str) -> Iterator[tuple[int, str]]:
    """Cut a very long line before brackets, so that the list of its tokens stays short."""
    start = 0
    while (stop := line.find("(", start + _PIECE)) >= 0:
        yield start, line[start:stop]
        start = stop
    yield start, line[start:]


def _walk(place: _Place) -> Iterator[tuple[int, re.Match[str]]]:
    """Each bracket and token of a piece, with the depth before it."""
    depth = place.depth
    for match in re.finditer(r"[()]|[^()\s]+", place.text, re.ASCII):
        yield depth, match
        depth += {"(": 1, ")": -1}.get(match[0], 0)
