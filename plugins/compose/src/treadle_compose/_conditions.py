"""When a hook runs: `node --version >= 18 and not exists(package-lock.json)`. Parsed here, given to no shell.

    condition  = any ("or" any)*          any  = all ("and" all)*
    all        = "not" all | "(" condition ")" | test
    test       = PROGRAM "--version" OP VERSION | "exists(" PATH ")" | NAME [OP VALUE]

OP is one of == != >= <= > <. A NAME is a variable; `os` is linux, macos or windows.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import Json, TreadleError

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<exists>exists\(\s*(?P<path>[^()]*?)\s*\))|(?P<paren>[()])|(?P<op>==|!=|>=|<=|>|<)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<word>[^\s()<>=!\"']+))"
)
_PROGRAM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VERSION: Final = re.compile(r"\d+(?:\.\d+)*")
_DEPTH: Final = 50

Test = Callable[["Facts"], bool]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition may ask.

    Attributes:
        variables: by name.
        exists: whether a path is there, relative to the project.
        versions: what `PROGRAM --version` printed, for the programs of `programs_in`; "" for one that is not there.
    """

    variables: Mapping[str, Json]
    exists: Callable[[str], bool]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition."""

    text: str
    test: Test
    programs: tuple[str, ...]
    """Programs whose version has to be known before it can be judged."""

    def holds(self, facts: Facts) -> bool:
        """Judge it. Raises `TreadleError` for a variable that is not there."""
        return self.test(facts)


def parse(text: str) -> Condition:
    """Understand a condition; an empty one always holds. Raises `TreadleError` with the place of what is wrong."""
    parser = _Parser(text)
    return Condition(text, parser.whole() if text.strip() else lambda _: True, tuple(parser.programs))


def version_in(output: str) -> tuple[int, ...]:
    """The first version in what a program printed; () without one."""
    found = _VERSION.search(output)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split(text))
        self._place = 0
        self.programs: list[str] = []

    def whole(self) -> Test:
        """The condition, and nothing behind it."""
        test = self._any(0)
        if self._place < len(self._tokens):
            raise self._wrong(f"{self._tokens[self._place][1]!r} is not expected")
        return test

    def _split(self, text: str) -> Any:
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise TreadleError(f"condition {text!r}, column {place + 1}: {text[place]!r} is not understood")
            kind = match.lastgroup if match["exists"] is None else "exists"
            yield kind, match["path"] if match["exists"] is not None else match[0].strip(), match.start() + 1
            place = match.end()

    def _peek(self) -> str:
        return str(self._tokens[self._place][1]) if self._place < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise self._wrong("it ends too early")
        kind, text, _ = self._tokens[self._place]
        self._place += 1
        return kind, text

    def _any(self, depth: int) -> Test:
        tests = [self._all(depth)]
        while self._peek() in ("or", "||"):
            self._next()
            tests.append(self._all(depth))
        return tests[0] if len(tests) == 1 else lambda facts: any(test(facts) for test in tests)

    def _all(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._peek() in ("and", "&&"):
            self._next()
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda facts: all(test(facts) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > _DEPTH:
            raise self._wrong(f"it is more than {_DEPTH} deep")
        kind, text = self._next()
        if text == "not":
            inner = self._one(depth + 1)
            return lambda facts: not inner(facts)
        if kind == "paren" and text == "(":
            inner = self._any(depth + 1)
            if self._next()[1] != ")":
                raise self._wrong("a ) is missing")
            return inner
        if kind == "exists":
            return lambda facts: facts.exists(text)
        if kind != "word":
            raise self._wrong(f"{text!r} is not expected")
        return self._version(text) if self._peek() == "--version" else self._variable(text)

    def _version(self, program: str) -> Test:
        self._next()
        if not _PROGRAM.fullmatch(program):
            raise self._wrong(f"{program!r} is no program's name")
        self.programs.append(program)
        if self._place >= len(self._tokens) or self._tokens[self._place][0] != "op":
            return lambda facts: bool(facts.versions.get(program))
        operator = self._next()[1]
        wanted = version_in(self._next()[1].lstrip("v"))
        if not wanted:
            raise self._wrong("a version is expected, e.g. 18 or 3.11")
        return lambda facts: _compared(_padded(version_in(facts.versions.get(program, "")), wanted), operator, wanted)

    def _variable(self, name: str) -> Test:
        if self._place >= len(self._tokens) or self._tokens[self._place][0] != "op":
            return lambda facts: bool(_value(facts, name, self._text))
        operator = self._next()[1]
        kind, text = self._next()
        wanted = text[1:-1] if kind == "text" else text
        return lambda facts: _compared_values(_value(facts, name, self._text), operator, wanted)

    def _wrong(self, reason: str) -> TreadleError:
        column = self._tokens[min(self._place, len(self._tokens)) - 1][2] if self._tokens else 1
        return TreadleError(f"condition {self._text!r}, column {column}: {reason}", context={"column": column})


def _value(facts: Facts, name: str, text: str) -> Json:
    if name == "os" and "os" not in facts.variables:
        return {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")
    if name not in facts.variables:
        raise TreadleError(f"condition {text!r}: there is no variable {name}")
    return facts.variables[name]


def _padded(version: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """`18` means every 18.x: only as many parts count as are asked for."""
    return (version + (0,) * len(wanted))[: len(wanted)] if version else ()


def _compared_values(value: Json, operator: str, wanted: str) -> bool:
    if isinstance(value, bool):
        return _compared(value, operator, wanted.lower() in ("true", "yes", "on", "1"))
    if isinstance(value, int | float):
        try:
            return _compared(value, operator, float(wanted))
        except ValueError:
            return operator == "!="
    return _compared(str(value), operator, wanted)


def _compared(left: Any, operator: str, right: Any) -> bool:
    if left == () and operator != "!=":
        return False
    answers = {
        "==": left == right,
        "!=": left != right,
        ">=": left >= right,
        "<=": left <= right,
        ">": left > right,
        "<": left < right,
    }
    return bool(answers[operator])
