"""XML as a stream of elements, safely: no document type, so no entities to expand or to fetch.

The decoded text counts, not the encoding that the XML declaration names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from onlstm_parse.errors import FormatError


class Element(NamedTuple):
    """A start tag, or an end tag (`ends`, without attributes); line and column from 1."""

    name: str
    attributes: dict[str, str]
    line: int
    column: int
    ends: bool = False

    def expect(self, attribute: str, file: Path) -> str:
        """The value of an attribute; raises FormatError where there is none."""
        if attribute not in self.attributes:
            problem = f"expected the attribute {attribute} of <{self.name[:40]}>, found none"
            raise FormatError(problem, file=file, line=self.line, column=self.column)
        return self.attributes[attribute]


def elements(lines: Iterable[str], file: Path) -> Iterator[Element]:
    """Start and end tags in order; raises FormatError with file, line and column."""
    found: list[Element] = []
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        place = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        found.append(Element(name, attributes, *place))

    def end(name: str) -> None:
        place = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        found.append(Element(name, {}, *place, ends=True))

    def refuse(*_: object) -> None:
        problem = "expected XML without a document type, found <!DOCTYPE"
        place = {"line": parser.CurrentLineNumber, "column": parser.CurrentColumnNumber + 1}
        raise FormatError(problem, file=file, **place, remedy="take that declaration out")  # type: ignore[arg-type]

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    try:
        for line in lines:
            parser.Parse(f"{line}\n", False)
            yield from found
            found.clear()
        parser.Parse("", True)
    except expat.ExpatError as error:
        problem = f"expected well-formed XML, found: {expat.ErrorString(error.code)}"
        raise FormatError(problem, file=file, line=error.lineno, column=error.offset + 1) from None
