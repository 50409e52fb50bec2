"""What a case expects, held against what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import Json

from treadle.definition import base_place

if TYPE_CHECKING:
    from treadle.definition import Expected

_SAME = "  "


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a case: the same names as under `expect`, whole."""

    status: str
    path: Sequence[str]
    visits: Mapping[str, int]
    states: Mapping[str, str]
    calls: Mapping[str, Json]
    outputs: Mapping[str, Json]
    error: Mapping[str, Json] | None
    undone: Sequence[str]
    waits: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected. `diff` are lines that begin with `+`, `-` or a space."""

    what: str
    expected: Json
    found: Json
    diff: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For people."""
        if self.diff:
            return [f"{self.what}: `-` was expected, `+` happened", *(f"  {line}" for line in self.diff)]
        return [f"{self.what}: expected {_shown(self.expected)}, found {_shown(self.found)}"]


def differences(expect: "Expected", played: Played) -> list[Difference]:
    """Everything in which what happened is not what was expected."""
    return [*_simple(expect, played), *_sequences(expect, played), *_by_step(expect, played)]


def _simple(expect: "Expected", played: Played) -> Iterator[Difference]:
    if expect.status is not None and expect.status != played.status:
        yield Difference("status", expect.status, played.status)
    for name, value in expect.outputs.items():
        if played.outputs.get(name) != value:
            yield Difference(f"outputs.{name}", value, played.outputs.get(name))
    for name, value in (expect.error or {}).items():
        found = (played.error or {}).get(name)
        if found != value:
            yield Difference(f"error.{name}", value, found)


def _sequences(expect: "Expected", played: Played) -> Iterator[Difference]:
    for name in ("path", "undone", "waits"):
        expected, found = getattr(expect, name), list(getattr(played, name))
        if expected is None:
            continue
        aligned = [_as_written(entry, expected) for entry in found]
        if len(expected) != len(found) or not all(map(fits, expected, found)):
            yield Difference(name, list(expected), aligned, tuple(_diff(expected, found)))


def _by_step(expect: "Expected", played: Played) -> Iterator[Difference]:
    for place, count in expect.visits.items():
        found = sum(visits for address, visits in played.visits.items() if _is(place, address))
        if found != count:
            yield Difference(f"visits.{place}", count, found)
    for place, state in expect.states.items():
        states = {found for address, found in played.states.items() if _is(place, address)} or {"pending"}
        if states != {state}:
            yield Difference(f"states.{place}", state, ", ".join(sorted(states)))
    for place, inputs in expect.calls.items():
        calls = [call for address, call in played.calls.items() if _is(place, address)]
        yield from _inputs(place, inputs, calls[-1] if calls else None)


def _inputs(place: str, expected: Mapping[str, Any], found: Json) -> Iterator[Difference]:
    if not isinstance(found, Mapping):
        yield Difference(f"calls.{place}", dict(expected), "no visit")
        return
    for name, value in expected.items():
        if not _holds(value, found.get(name)):
            yield Difference(f"calls.{place}.{name}", value, found.get(name))


def _holds(expected: Any, found: Json) -> bool:
    """The same; of an object, what is expected is there."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(_holds(value, found.get(name)) for name, value in expected.items())
    return bool(expected == found)


def fits(expected: str, found: str) -> bool:
    """A line of a path fits a visit `scope/step#visit outcome`: what it leaves out may be anything."""
    place, _, outcome = expected.partition(" ")
    address, _, ended = found.partition(" ")
    return (not outcome or outcome == ended) and _is(place, address)


def _is(place: str, address: str) -> bool:
    """An expected place is that address: with or without its visit, its instances, the scopes around it."""
    without = address.rpartition("#")[0] if _has_visit(address) else address
    bare = without.rpartition("/")[2]
    number = address[len(without) :]
    names = {without, base_place(without), bare}
    return place in names or place in {f"{name}{number}" for name in names}


def _has_visit(address: str) -> bool:
    return "#" in address.rpartition("/")[2]


def _as_written(found: str, expected: Sequence[str]) -> str:
    """A visit as the expectation writes it, so that a diff shows nothing that does not differ."""
    return next((entry for entry in expected if fits(entry, found)), found)


def _diff(expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    shown = [_as_written(entry, expected) for entry in found]
    for tag, before, after, start, end in SequenceMatcher(None, expected, shown, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (f"{_SAME}{entry}" for entry in found[start:end])
        else:
            yield from (f"- {entry}" for entry in expected[before:after])
            yield from (f"+ {entry}" for entry in found[start:end])


def _shown(value: Json) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)
