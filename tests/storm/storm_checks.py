"""What must be true of an execution that was killed again and again, from its log and the ledger of its effects."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from treadle_engine import events as kinds
from treadle_hookspecs import Event

_ACTION: Final = "test/act"


def violations(log: Sequence[Event], ledger: Iterable[str]) -> Iterator[str]:
    """Everything that is wrong."""
    effects = [_entry(line) for line in ledger]
    yield from _log_is_whole(log)
    yield from _effects_are_counted(log, effects)


def _entry(line: str) -> tuple[str, str, int]:
    what, key, attempt = line.split(" ")
    return what, key, int(attempt)


def _log_is_whole(log: Sequence[Event]) -> Iterator[str]:
    """I3: no gap, one start and one end of each visit and attempt, one end of the execution."""
    if [event.seq for event in log] != list(range(1, len(log) + 1)):
        yield "the log has a gap"
    for kind in (kinds.VISIT_STARTED, kinds.ATTEMPT_STARTED, kinds.COMPENSATION_STARTED, kinds.COMPENSATION_SETTLED):
        yield from _twice(f"I3 {kind}", (event.address for event in log if event.type == kind))
    settled = (event for event in log if event.type == kinds.VISIT_SETTLED and event.visit)
    yield from _twice("I3 visit_settled", (f"{event.scope}/{event.step}#{event.visit}" for event in settled))
    ends = {kinds.EXECUTION_COMPLETED, kinds.EXECUTION_FAILED, kinds.EXECUTION_CANCELLED}
    if sum(event.type in ends for event in log) != 1:
        yield "I3 the execution did not end once"


def _twice(what: str, found: Iterable[str]) -> Iterator[str]:
    for address, count in Counter(found).items():
        if count > 1:
            yield f"{what} stands {count} times in the log: {address}"


def _effects_are_counted(log: Sequence[Event], effects: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    begun = Counter((key, attempt) for what, key, attempt in effects if what == "begin")
    ended = {(key, attempt) for what, key, attempt in effects if what == "end"}
    applied = Counter(key for what, key, _ in effects if what == "apply")
    started = set(_started(log))
    for attempt, count in begun.items():
        if count > 1:
            yield f"I5 an attempt ran {count} times: {attempt}"
        if attempt not in started:
            yield f"I4 an attempt ran that the log does not know: {attempt}"
    for attempt in _told_ended(log):
        if attempt not in ended:
            yield f"I4 the log has the end of an attempt that did not end: {attempt}"
    for key, count in applied.items():
        if count > 1:
            yield f"I5 an effect happened {count} times under one key: {key}"
    for key, _ in ended:
        if not applied[key]:
            yield f"I5 an effect is missing: {key}"


def _started(log: Sequence[Event]) -> Iterator[tuple[str, int]]:
    for event in log:
        if event.type in {kinds.VISIT_STARTED, kinds.ATTEMPT_STARTED}:
            yield _key(event), event.attempt
        elif event.type == kinds.COMPENSATION_STARTED:
            yield f"{_key(event)}!undo", event.attempt


def _told_ended(log: Sequence[Event]) -> Iterator[tuple[str, int]]:
    """Attempts that ended by themselves: those that were cancelled may have been cut off, or never begun."""
    last: dict[str, int] = {}
    for event in log:
        key = _key(event)
        calls = event.type == kinds.VISIT_STARTED and event.data.get("action") == _ACTION
        if calls or (event.type == kinds.ATTEMPT_STARTED and key in last):
            last[key] = event.attempt
        elif event.type == kinds.ATTEMPT_FAILED:
            yield key, event.attempt
        elif event.type == kinds.VISIT_SETTLED and key in last and _by_itself(event):
            yield key, last[key]
        elif event.type == kinds.COMPENSATION_SETTLED and event.data["state"] == "done":
            yield f"{key}!undo", event.attempt


def _by_itself(event: Event) -> bool:
    error: Any = event.data.get("error") or {}
    return event.data["outcome"] != "cancelled" and error.get("type") in {None, "dice"}


def _key(event: Event) -> str:
    place = f"{event.scope}/{event.step}" if event.scope else event.step
    return f"{event.execution}/{place}#{event.visit}"
