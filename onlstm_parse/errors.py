"""One family of errors. Each is one line: where, what was expected, what was found, what to do.

The command line prints `str(error)` and exits with `error.exit_status`; Python
callers catch `OnlstmError` for everything the toolkit raises on purpose.
"""

from __future__ import annotations

from os import PathLike


class OnlstmError(Exception):
    """A failure the user can act on.

    `problem` says what was expected and what was found, `remedy` what to do
    about it; `file`, `line` and `column` (both counted from 1) say where.
    """

    exit_status = 1

    def __init__(
        self,
        problem: str,
        *,
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        column: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem, self.file, self.line, self.column = problem, file, line, column
        self.remedy = remedy
        super().__init__(problem)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{place}: {self.problem}" if place else self.problem
        if self.remedy:
            text += f"; {self.remedy}"
        return " ".join(text.split())


class UsageError(OnlstmError):
    """A wrong request: an unknown name, or a setting out of range."""

    exit_status = 2


class FormatError(OnlstmError):
    """A file whose content does not follow its format."""
