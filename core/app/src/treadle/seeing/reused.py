"""Which visits of a step were reused, and why the others were not, as the log tells of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle_hookspecs import Event, Json


@dataclass(frozen=True, slots=True)
class Reused:
    """What the cache had to say of one attempt.

    Attributes:
        address: `scope/step#visit.attempt`.
        hit: an earlier result was put in its place.
        key: the beginning of its key; "" where the cache could not be used.
        origin: of a hit, the visit that left the result; of a miss, the last run that it is compared with.
        why: of a miss, what has changed since that.
        kept: its own result is kept for the next; `because` says why not.
    """

    address: str
    hit: bool
    key: str = ""
    origin: str = ""
    why: tuple[str, ...] = ()
    kept: bool = False
    because: str = ""

    def to_json(self) -> dict[str, Json]:
        """An item of `treadle/cache@1`."""
        return {
            "address": self.address,
            "hit": self.hit,
            "key": self.key,
            "origin": self.origin,
            "why": list(self.why),
            "kept": self.kept,
            "because": self.because,
        }


def reused(events: Iterable[Event], step: str) -> Sequence[Reused]:
    """What the cache had to say of the attempts of a step, `scope/step` with `#visit` if wanted."""
    return [
        _reused(f"{place}#{event.visit}.{event.attempt or 1}", facts)
        for event in events
        if (facts := _facts(event)) and step in {place := _place(event), f"{place}#{event.visit}"}
    ]


def _place(event: Event) -> str:
    return f"{event.scope}/{event.step}" if event.scope else event.step


def _facts(event: Event) -> Mapping[str, Any]:
    facts: Any = event.data.get("facts", {})
    found: Mapping[str, Any] = facts.get("cache", {})
    return found


def _reused(address: str, facts: Mapping[str, Any]) -> Reused:
    return Reused(
        address,
        bool(facts["hit"]),
        facts.get("key", ""),
        facts.get("from", facts.get("against", "")),
        tuple(facts.get("why", ())),
        bool(facts.get("kept", False)),
        facts.get("because", ""),
    )
