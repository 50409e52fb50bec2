"""Canonical layout of a YAML definition: indentation, spaces and empty lines, and nothing else (`treadle fmt`).

Texts, quotes, comments and the order of keys stay as they are; only white space between them changes. What comes out
is read again and compared with what went in, so a layout that would change the meaning is never handed out.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from treadle_hookspecs import ExitCode, TreadleError

_STEP: Final = 2
_LOOKS_BACK: Final = 200
"""Keys and dashes among which a comment finds its column."""
_SCANNER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FLOW_STARTS: Final = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_FLOW_ENDS: Final = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_CONTENTS: Final = (yaml.ScalarToken, yaml.AliasToken, yaml.AnchorToken, *_FLOW_STARTS, *_FLOW_ENDS)
_BLOCKS: Final = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)


def formatted(text: str, name: str) -> str:
    """The text in its canonical layout; formatting it again changes nothing.

    Raises:
        TreadleError: it cannot be read (exit code 2), or its layout cannot be changed without changing what it says.
    """
    from treadle.definition import load_yaml

    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    before, tokens = load_yaml(text, name), _tokens(text)
    made = _joined(_Layout(text, tokens).lines())
    if load_yaml(made, name) != before or _comments(made, _tokens(made)) != _comments(text, tokens):
        raise TreadleError(
            f"{name} has a layout that cannot be changed without changing what it says",
            context={"file": name},
            suggestions=("the file stays as it is; explicit indentation and `|+` at its end are such cases",),
            exit_code=ExitCode.CONFLICT,
        )
    return made


def format_file(path: Path, *, check: bool = False) -> bool:
    """Bring a file into its canonical layout; True when that changes it. `check` writes nothing.

    Raises:
        TreadleError: as `formatted`, or the file cannot be written (exit code 4).
    """
    before = path.read_bytes()
    after = formatted(before.decode(), str(path)).encode()
    if before != after and not check:
        _replace(path, after)
    return before != after


def _replace(path: Path, content: bytes) -> None:
    """Write beside it and put it in its place, so that no half of it is ever seen."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(content)
        shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TreadleError(f"cannot write {path}: {error.strerror}", exit_code=ExitCode.NOT_ALLOWED) from error


class _Place(NamedTuple):
    """Where a key or a dash stood, and where it shall stand."""

    line: int
    old: int
    new: int


@dataclass(slots=True)
class _Line:
    """One line. `column` is its new indentation; `by` moves it instead; `floor` is the indentation of a block text."""

    text: str
    column: int | None = None
    by: int | None = None
    floor: int = -1
    gaps: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" "))

    @property
    def is_comment(self) -> bool:
        return self.by is None and self.text.lstrip().startswith("#")

    def laid_out(self) -> str:
        """The line as it shall be."""
        text = self.text
        for start, end, between in reversed(self.gaps):
            text = text[:start] + between + text[end:]
        if self.by is not None:
            return self._moved(text, self.by)
        return (" " * (self.column or 0) + text.lstrip(" ")).rstrip() if text.strip() else ""

    def _moved(self, text: str, by: int) -> str:
        if not text.strip(" ") and len(text) <= max(self.floor, 0):
            return ""
        return " " * by + text if by >= 0 else text[min(-by, self.indent) :]


class _Layout:
    """Goes through the tokens once and decides on the indentation of each line."""

    def __init__(self, text: str, tokens: Sequence[Any]) -> None:
        self._lines = [_Line(line) for line in text.split("\n")]
        self._tokens = tokens
        self._open: list[tuple[bool, int]] = []
        """Block collections around: whether one is a list, and its column."""
        self._places: list[_Place] = []
        self._flow = 0
        self._from = self._by = 0
        """The line where the latest value of a key or a dash began, and how far what continues it moves."""

    def lines(self) -> list[_Line]:
        """Every line with what is to become of it."""
        for token, following in zip(self._tokens, [*self._tokens[1:], self._tokens[-1]], strict=True):
            self._take(token, following)
        self._lay_comments()
        return self._lines

    def _take(self, token: Any, following: Any) -> None:
        if isinstance(token, _BLOCKS):
            column = self._places[-1].new + _STEP if self._places else 0
            self._open.append((isinstance(token, yaml.BlockSequenceStartToken), column))
        elif isinstance(token, yaml.BlockEndToken):
            self._open.pop()
        elif self._flow == 0 and isinstance(token, yaml.KeyToken | yaml.BlockEntryToken):
            self._structure(token, following)
        elif self._flow == 0 and isinstance(token, yaml.ValueToken):
            self._squeeze(token, following)
        elif isinstance(token, _CONTENTS):
            self._content(token)

    def _structure(self, token: Any, following: Any) -> None:
        """A key, or a dash: of a list in the column of its key as well, which is moved in."""
        number, old = token.start_mark.line, token.start_mark.column
        is_dash = isinstance(token, yaml.BlockEntryToken)
        is_list, column = self._open[-1]
        place = _Place(number, old, column + _STEP if is_dash and not is_list else column)
        self._begin(number, old, place.new)
        self._places.append(place)
        if is_dash:
            self._squeeze(token, following)

    def _begin(self, number: int, old: int, column: int) -> bool:
        """Give a line its column if it begins there; True when it did."""
        line = self._lines[number]
        begins = line.column is None and line.by is None and old == line.indent
        if begins:
            line.column = column
        return begins

    def _squeeze(self, token: Any, following: Any) -> None:
        """One space behind a dash or a colon."""
        end, start = token.end_mark, following.start_mark
        if end.line == start.line and start.column > end.column:
            self._lines[end.line].gaps.append((end.column, start.column, " "))

    def _content(self, token: Any) -> None:
        first, last = token.start_mark, token.end_mark
        if isinstance(token, _FLOW_STARTS):
            self._flow += 1
        if self._flow <= 1 and not isinstance(token, _FLOW_ENDS):
            self._settle(token)
        if isinstance(token, _FLOW_ENDS):
            self._flow -= 1
            if self._flow == 0:
                self._move(self._from + 1, last.line + 1, self._by)
        if last.line > first.line:
            self._text(token, first.line + 1, last.line + bool(last.column))

    def _settle(self, token: Any) -> None:
        """A value: on a line of its own it stands two deeper than its key, and what continues it moves with it."""
        number, old = token.start_mark.line, token.start_mark.column
        if self._flow and not isinstance(token, _FLOW_STARTS):
            return
        place = self._places[-1] if self._places else _Place(0, -_STEP, -_STEP)
        begins = self._begin(number, old, place.new + _STEP)
        self._from, self._by = number, place.new + _STEP - old if begins else place.new - place.old

    def _text(self, token: Any, start: int, end: int) -> None:
        """The further lines of a text."""
        body = [line for line in self._lines[start:end] if line.text.strip()]
        if token.style in ("|", ">") and body and not re.match(r"[|>][-+]?\d", self._header(token)):
            column = self._places[-1].new + _STEP if self._places else 0
            self._move(start, end, column - body[0].indent, body[0].indent)
        elif not self._flow:
            self._move(start, end, self._by)

    def _header(self, token: Any) -> str:
        return self._lines[int(token.start_mark.line)].text[int(token.start_mark.column) :]

    def _move(self, start: int, end: int, by: int, floor: int = -1) -> None:
        """Move lines as they are."""
        for line in self._lines[start:end]:
            if line.by is None:
                line.by, line.floor, line.column = by, floor, None

    def _lay_comments(self) -> None:
        """A comment goes with the key or dash behind it or before it whose column it had, else with the nearest."""
        at = 0
        for number, line in enumerate(self._lines):
            while at < len(self._places) and self._places[at].line < number:
                at += 1
            if line.is_comment and line.column is None:
                near = [*self._behind(at), *self._around(at, line.indent)]
                edge = not line.indent and at == len(self._places)
                line.column = 0 if edge else min(near, key=lambda place: abs(place.old - line.indent)).new

    def _behind(self, at: int) -> list[_Place]:
        """The keys and dashes of the next line that has some."""
        rest = self._places[at : at + _LOOKS_BACK]
        return [place for place in rest if place.line == rest[0].line]

    def _around(self, at: int, indent: int) -> Iterator[_Place]:
        """The keys and dashes before it, from the last one outwards."""
        for place in reversed(self._places[max(0, at - _LOOKS_BACK) : at]):
            yield place
            if place.old <= indent:
                return


def _tokens(text: str) -> list[Any]:
    scanner, found = _SCANNER(text), []
    try:
        while scanner.check_token():
            found.append(scanner.get_token())
    finally:
        scanner.dispose()
    return found


def _joined(lines: Sequence[_Line]) -> str:
    """The lines, with one empty line at most between two of them, and none at the edges."""
    kept: list[str] = []
    for line in lines:
        text = line.laid_out()
        if text or line.by is not None or (kept and kept[-1]):
            kept.append(text)
    return "\n".join(kept).rstrip("\n") + "\n"


def _comments(text: str, tokens: Sequence[Any]) -> list[str]:
    """Every comment, in order: what begins with `#` between two tokens, or behind the sign of a block text."""
    return [comment.rstrip() for gap in _gaps(text, tokens) for comment in re.findall(r"#.*", gap)]


def _gaps(text: str, tokens: Sequence[Any]) -> Iterator[str]:
    end = 0
    for token in tokens:
        start = token.start_mark.index
        if start > end:
            yield text[end:start]
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            yield text[start:].partition("\n")[0]
        end = max(end, token.end_mark.index)
    yield text[end:]
