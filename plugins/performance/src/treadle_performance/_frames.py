"""A profile's tree of calls, added up by function."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from treadle_hookspecs import Json

_OUTSIDE: Final = ("<", "[")
"""How names begin that are no file: `<frozen importlib>`, `[self]`."""


@dataclass(slots=True)
class Cost:
    """What one function took, in seconds: by itself, and with what it called."""

    name: str
    file: str
    line: int
    own: float = 0.0
    whole: float = 0.0
    callers: dict[str, float] = field(default_factory=dict)

    def to_json(self, seconds: float) -> dict[str, Json]:
        """All of it by name; `share` is percent of the time that it took by itself, `whole_share` with its calls."""
        return {
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "seconds": round(self.own, 4),
            "share": _percent(self.own, seconds),
            "whole_seconds": round(self.whole, 4),
            "whole_share": _percent(self.whole, seconds),
            "callers": sorted(self.callers, key=lambda name: (-self.callers[name], name))[:5],
        }


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


class Frame(Protocol):
    """A call as pyinstrument tells of it: `time` is in seconds, with what it called."""

    @property
    def function(self) -> str:
        """Its name; one in brackets is no function but time that is left over, e.g. `[self]`."""

    @property
    def file_path(self) -> str | None:
        """Where it is defined."""

    @property
    def line_no(self) -> int | None:
        """From 1."""

    @property
    def time(self) -> float:
        """Seconds."""

    @property
    def children(self) -> Sequence["Frame"]:
        """What it called."""


@dataclass(frozen=True, slots=True)
class _Visit:
    frame: Frame
    caller: str
    above: frozenset[tuple[str, str, int]]


def costs(root: Frame | None, folder: Path) -> list[Cost]:
    """Every function of the tree, the most expensive by itself first. A file in `folder` is named relative to it.

    A function that calls itself is counted once for `whole`.
    """
    found: dict[tuple[str, str, int], Cost] = {}
    waiting = [_Visit(root, "", frozenset())] if root else []
    while waiting:
        visit = waiting.pop()
        children = visit.frame.children
        if _is_left_over(visit.frame):
            waiting += [_Visit(child, visit.caller, visit.above) for child in children]
            continue
        key = (visit.frame.function, _named(visit.frame, folder), visit.frame.line_no or 0)
        cost = found.setdefault(key, Cost(*key))
        cost.own += max(visit.frame.time - sum(child.time for child in children if not _is_left_over(child)), 0.0)
        if key not in visit.above:
            cost.whole += visit.frame.time
            if visit.caller:
                cost.callers[visit.caller] = cost.callers.get(visit.caller, 0.0) + visit.frame.time
        below = visit.above | {key}
        waiting += [_Visit(child, f"{key[0]} ({key[1]}:{key[2]})", below) for child in children]
    return sorted(found.values(), key=lambda one: (-one.own, -one.whole, one.file, one.line))


def _is_left_over(frame: Frame) -> bool:
    return frame.function.startswith("[")


def _named(frame: Frame, folder: Path) -> str:
    path = frame.file_path or ""
    if path.startswith(_OUTSIDE) or not path:
        return path or "<built in>"
    absolute = Path(path) if Path(path).is_absolute() else folder / path
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else str(absolute)


def own_code(found: Sequence[Cost]) -> Iterator[Cost]:
    """Those that stand in the folder: what the project itself can make faster. Environments in it are not it."""
    for cost in found:
        parts = Path(cost.file).parts
        outside = not parts or Path(cost.file).is_absolute() or cost.file.startswith(_OUTSIDE)
        if not outside and not any(part in ("site-packages", "venv") or part.startswith(".") for part in parts):
            yield cost
