"""Collecting problems with their places."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from treadle_engine.inputs import kind_of as kind_of

from treadle.definition._document import Document, Path, Scalar, Span
from treadle.definition._problems import Problem, Severity

MAX_COMPARISONS: Final = 100_000


class Report:
    """The problems found so far in one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._comparisons = MAX_COMPARISONS
        self._seen: set[Problem] = set()
        self.problems: list[Problem] = []

    def add(
        self, code: str, message: str, span: Span, *, hint: str = "", label: str = "", severity: Severity = "error"
    ) -> None:
        """Add a problem; the same one at the same place counts once."""
        at = self.document.place(span)
        problem = Problem(code, severity, message, self.document.name, at.line, at.column, at.length, hint, label)
        if problem not in self._seen:
            self._seen.add(problem)
            self.problems.append(problem)

    def at_key(
        self, code: str, message: str, path: Path, *, hint: str = "", label: str = "", severity: Severity = "error"
    ) -> None:
        """A problem of a key."""
        self.add(code, message, self.document.key(path), hint=hint, label=label, severity=severity)

    def at_value(
        self, code: str, message: str, path: Path, *, hint: str = "", label: str = "", severity: Severity = "error"
    ) -> None:
        """A problem of a value."""
        self.add(code, message, self.document.nearest(path), hint=hint, label=label, severity=severity)

    def within(
        self,
        code: str,
        message: str,
        scalar: Scalar,
        offset: int,
        length: int,
        *,
        hint: str = "",
        label: str = "",
        severity: Severity = "error",
    ) -> None:
        """A problem of a part of a text."""
        span = self.document.within(scalar, offset, length)
        self.add(code, message, span, hint=hint, label=label, severity=severity)

    def suggest(self, name: str, names: Collection[str]) -> str:
        """`did you mean `x`?`, or "". Comparing is slow, so a file with thousands of mistakes gets no more of it."""
        self._comparisons -= len(names)
        return did_you_mean(name, names) if self._comparisons > 0 else ""

    def line_of(self, path: Path) -> int:
        """The line of a key."""
        return self.document.place(self.document.key(path)).line

    @property
    def broken(self) -> bool:
        """Some problem is an error."""
        return any(problem.severity == "error" for problem in self.problems)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`did you mean `x`?`, or ""."""
    close = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""
