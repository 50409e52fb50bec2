"""Places in groups, as a store with nobody else in it would give them."""

from collections.abc import Iterator, Mapping
from typing import Any

from treadle_engine.protocol import AcquireSlots, CancelVisit, SlotsRefused, SlotsTaken, Stimulus
from treadle_engine.slots import holder_of
from treadle_engine.state import State


class Places:
    """Who has asked for places in one execution."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._asked: dict[str, AcquireSlots] = {}
        self._told: set[str] = set()

    def ask(self, command: AcquireSlots) -> None:
        """Somebody waits for places."""
        self._asked[command.holder] = command

    def next(self, at: int) -> Stimulus | None:
        """What is said next to one of those who wait, or to one who has a place that another wants."""
        for command in self._line():
            full = self._full(command)
            if not full or full["on_conflict"] == "reject":
                del self._asked[command.holder]
            if not full:
                return SlotsTaken(at, command.holder)
            if full["on_conflict"] == "reject":
                message = f"the group {full['group']} has no place, and this does not wait for one"
                return SlotsRefused(at, command.holder, {"type": "concurrency", "message": message})
            if full["on_conflict"] == "cancel" and (holder := self._to_end(str(full["group"]))):
                self._told.add(holder)
                return CancelVisit(at, holder, f"{command.holder or 'a later one'} wants its place")
        return None

    def _line(self) -> Iterator[AcquireSlots]:
        """The execution itself, then its visits in the order in which they began to wait."""
        waiting = [holder_of(scope, at) for scope, at in self._state.waiting.values()]
        for holder in ["", *waiting]:
            if holder in self._asked:
                yield self._asked[holder]

    def _full(self, command: AcquireSlots) -> Mapping[str, Any] | None:
        """The first of its groups that has no place."""
        held = [group for groups in self._state.slots.values() for group in groups]
        groups: tuple[Mapping[str, Any], ...] = command.groups
        return next((group for group in groups if held.count(str(group["group"])) >= int(group["limit"])), None)

    def _to_end(self, group: str) -> str:
        """The oldest visit with a place in a group that has not been told to end; "" for none."""
        holders = (holder for holder, groups in self._state.slots.items() if group in groups)
        return next((holder for holder in holders if holder and holder not in self._told), "")
