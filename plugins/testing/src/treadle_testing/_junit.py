"""Reading JUnit files as test runners really write them.

There is no standard: pytest, vitest, gotestsum, surefire and `node --test` differ in nesting, attributes and counts.
So nothing is believed but the `testcase` elements themselves.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from treadle_hookspecs import ActionError, Json

State: TypeAlias = Literal["passed", "failed", "error", "skipped"]

SIZE_LIMIT: Final = 100_000_000
DETAIL_LIMIT: Final = 4_000
COLLECTION: Final = "collection failure"
"""What pytest calls it when a test module cannot be imported; the reason stands in the traceback."""
PLACE: Final = re.compile(r"^(?:E\s+)?([^\s:][^:\n]*\.\w+):(\d+)(?::|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One test that was run or skipped.

    Attributes:
        id: `file::Class::name` where the file is known, else `class.name`.
        state: how it ended.
        seconds: how long it took.
        file: relative to the project, or "".
        line: where it failed if that could be told, else where it begins, else 0.
        message: the first line of what went wrong, or why it was skipped.
        detail: the end of the traceback, at most 4,000 characters.
    """

    id: str
    state: State
    seconds: float = 0.0
    file: str = ""
    line: int = 0
    message: str = ""
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """What a report wants to know of a failure."""
        return {
            "id": self.id,
            "state": self.state,
            "file": self.file or None,
            "line": self.line or None,
            "message": self.message,
            "detail": self.detail,
            "seconds": self.seconds,
        }


def read(path: Path) -> list[Case]:
    """The cases of a JUnit file.

    Raises:
        ActionError: `invalid-junit` when it is no such file, is larger than 100 MB, or has a document type.
    """
    content = path.read_bytes() if path.stat().st_size <= SIZE_LIMIT else b""
    if not content or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _invalid(path, "it is empty, larger than 100 MB, or declares a document type")
    try:
        root = ET.fromstring(content)  # noqa: S314 - see the import
    except ET.ParseError as error:
        raise _invalid(path, str(error)) from None
    return [_case(element) for element in root.iter() if _tag(element) == "testcase"]


def _invalid(path: Path, why: str) -> ActionError:
    return ActionError(f"{path.name} cannot be read as JUnit: {why}", error_class="invalid-junit", retryable=False)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _case(element: ET.Element) -> Case:
    file = element.get("file", "")
    identity = _identity(element.get("classname", ""), element.get("name", ""), file)
    seconds = _seconds(element.get("time", ""))
    for child in element:
        state = _STATES.get(_tag(child))
        if state is not None:
            return _told(child, identity, state, seconds, file, _line(element.get("line", ""), file))
    return Case(identity, "passed", seconds, file, _line(element.get("line", ""), file))


_STATES: Final[dict[str, State]] = {"failure": "failed", "error": "error", "skipped": "skipped"}


def _told(child: ET.Element, identity: str, state: State, seconds: float, file: str, line: int) -> Case:
    detail = "".join(child.itertext()).strip()
    message = child.get("message", "") or next(iter(detail.splitlines()), "")
    if message == COLLECTION:
        message = last_error(detail) or message
    if state != "skipped":
        file, line = _failing_place(detail, file, line)
    return Case(identity, state, seconds, file, line, message.strip().split("\n")[0][:500], detail[-DETAIL_LIMIT:])


def last_error(text: str) -> str:
    """The last line that pytest marks with `E`, which says what went wrong; "" without one."""
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E  ")]
    return marked[-1] if marked else ""


def _failing_place(detail: str, file: str, line: int) -> tuple[str, int]:
    """The last place that a traceback names inside the project: where it is, relative paths only."""
    for name, number in reversed(PLACE.findall(detail)):
        if not name.startswith((".", "/", "<")) and "site-packages" not in name:
            return name, int(number)
    return file, line


def _identity(classname: str, name: str, file: str) -> str:
    if not file:
        return f"{classname}.{name}" if classname else name
    module = file.rpartition(".")[0].replace("/", ".").replace("\\", ".")
    nested = classname.removeprefix(module).strip(".")
    return "::".join([file, *(nested.split(".") if nested and nested != classname else []), name])


def _line(text: str, file: str) -> int:
    """Pytest counts lines from 0, the others from 1; only pytest gives Python files a line."""
    if not text.isdigit():
        return 0
    return int(text) + 1 if file.endswith(".py") else int(text)


def _seconds(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return 0.0


def slowest(cases: list[Case], count: int = 10) -> Iterator[Json]:
    """The slowest cases, `{id, seconds}`."""
    for case in sorted(cases, key=lambda case: (-case.seconds, case.id))[:count]:
        yield {"id": case.id, "seconds": case.seconds}
