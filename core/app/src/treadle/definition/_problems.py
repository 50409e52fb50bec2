"""Problems: what is wrong with a definition, and where."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from treadle_hookspecs import Json

Severity: TypeAlias = Literal["error", "warning", "note"]

ORDER: Final[dict[str, int]] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a definition's author should know.

    Attributes:
        code: `TRDnnnn`; `explain` has a page for each.
        severity: only an error keeps the definition from running.
        message: what is wrong, in one sentence without a full stop.
        file: the definition, as it was named.
        line: 1 for the first; 0 when the problem has no place.
        column: 1 for the first character of the line.
        length: characters to mark, from `column` on, within the line.
        hint: what to do about it.
        label: what stands beside the mark; short.
    """

    code: str
    severity: Severity
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    length: int = 1
    hint: str = ""
    label: str = ""

    def to_json(self) -> dict[str, Json]:
        """The shape of `treadle validate --format json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "hint": self.hint,
        }

    @property
    def order(self) -> tuple[int, int, int, str, str]:
        """By place, then by weight: what all problems of a file are sorted by."""
        return (self.line, self.column, ORDER[self.severity], self.code, self.message)
