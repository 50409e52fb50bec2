"""`error-analysis/classify`: what kind of error a text tells of."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_error_analysis._rules import judged

_PYTHON: Final = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?$', re.MULTILINE)
_NODE: Final = re.compile(
    r"^\s*at (?:(?P<name>[\w.<> \[\]]+) \()?(?P<file>[^():\s][^():]*):(?P<line>\d+):\d+\)?$", re.MULTILINE
)
_PYTEST: Final = re.compile(
    r"^(?P<file>[\w./-]+\.py):(?P<line>\d+): (?P<name>\w+(?:Error|Exception)|in \w+)?", re.MULTILINE
)
_ERROR: Final = re.compile(
    r"^(?:E\s+)?(?P<type>(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit|Warning|Failure)):\s*(?P<message>.*)$",
    re.MULTILINE,
)
_VARYING: Final = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)*|[0-9a-f]{12,}|'[^']*/[^']*'|/[\w./-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback. `own` when the file is the repository's."""

    file: str
    line: int
    name: str
    own: bool

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {"file": self.file, "line": self.line, "name": self.name, "own": self.own}


async def classify(
    error_message: str = "", error: Any = None, log: str = "", exit_code: int | None = None, *, context: ActionContext
) -> JsonObject:
    """Classify an error.

    Args:
        error_message: the message, with its traceback if there is one.
        error: a step's error as expressions see it (`{type, message}`), or a text.
        log: more of what was printed.
        exit_code: of the command, if it was one.
        context: of the visit.

    Returns:
        `error_type` (the exception's name, or the category), `category`, `message`, `frames` (innermost last, each
        `{file, line, name, own}`), `own_frame` (the innermost of the repository, or null), `names` (what the message
        names: modules, programs, files), `retryable`, `fingerprint`, `summary`.
    """
    text = "\n".join(part for part in (error_message, _text_of(error), log) if part)
    if not text.strip() and exit_code is None:
        raise ActionError("there is no error to look at", error_class="invalid-input", retryable=False)
    rule, names = judged(text)
    types = list(_ERROR.finditer(text))
    kind = types[-1]["type"].rpartition(".")[2] if types else ""
    message = types[-1]["message"] if types else (text.strip().splitlines() or [f"exit code {exit_code}"])[-1]
    category = rule.category if rule else _of_exit(exit_code)
    frames = list(_frames(text, context.workspace.root))
    own = next((frame for frame in reversed(frames) if frame.own), None)
    error_type = kind or category
    return {
        "error_type": error_type,
        "category": category,
        "message": message[:2000],
        "frames": [frame.to_json() for frame in frames[-30:]],
        "own_frame": own.to_json() if own else None,
        "names": [value for value in names.values() if value],
        "retryable": bool(rule and rule.retryable),
        "fingerprint": fingerprint(error_type, message, own),
        "summary": f"{error_type} ({category})" + (f" at {own.file}:{own.line}" if own else ""),
    }


def fingerprint(error_type: str, message: str, own: Frame | None) -> str:
    """The same for one error whenever it happens: numbers, addresses and paths in its message do not count."""
    place = f"{own.file}:{own.name}" if own else ""
    return hashlib.sha256(f"{error_type}\0{_VARYING.sub('*', message)}\0{place}".encode()).hexdigest()[:16]


def _text_of(error: Any) -> str:
    if isinstance(error, dict):
        kind, message = str(cast("dict[str, Any]", error).get("type", "")), str(error.get("message", ""))
        return f"{kind}: {message}" if kind else message
    return str(error) if error else ""


def _frames(text: str, root: Path) -> Iterator[Frame]:
    found = [match for pattern in (_PYTHON, _NODE, _PYTEST) for match in pattern.finditer(text)]
    for match in sorted(found, key=lambda one: one.start()):
        path = match["file"]
        relative = _within(path, root)
        yield Frame(relative or path, int(match["line"]), (match["name"] or "").removeprefix("in "), bool(relative))


def _within(path: str, root: Path) -> str:
    """The path relative to the root, or "" for one that is elsewhere or belongs to an installed package."""
    try:
        found = (root / path).resolve().relative_to(root.resolve())
    except (ValueError, OSError):
        return ""
    outside = {"site-packages", "node_modules", "dist-packages"} & set(found.parts)
    return "" if outside or not (root / found).is_file() else found.as_posix()


def _of_exit(exit_code: int | None) -> str:
    """124 is that of `timeout`, 126 and 127 are the shell's, above 128 a signal's."""
    if exit_code is None:
        return "unknown"
    known = {124: "timeout", 126: "permission", 127: "dependency", 137: "resource"}
    return known.get(exit_code, "signal" if exit_code > 128 else "unknown")
