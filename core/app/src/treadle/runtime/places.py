"""Places in groups (`concurrency`): who of an execution's holders waits for them, and how they are got.

What a holder waits for is written with the event that says so, and given up with the event that ends it, so nothing
leaks. Between the two the store decides whose turn it is. An execution whose process was killed keeps its place in the
line and nothing else; one that rests is driven on by whoever finds that it is its turn.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from treadle_engine import events as kinds
from treadle_engine.protocol import AcquireSlots, Command, SlotsRefused, SlotsTaken
from treadle_hookspecs import Claim, Event, JsonObject, Signal, Slot, StoreBackend

from treadle.runtime.circles import circle, told
from treadle.runtime.clock import now

CONFLICT: Final = "concurrency-conflict"
"""Type of the error of a holder that does not wait."""
CANCEL_VISIT: Final = "cancel-visit"
"""Name of the signal that has a visit give up its places; its data: `{visit, reason}`."""
_ENDS: Final = frozenset({kinds.EXECUTION_COMPLETED, kinds.EXECUTION_FAILED, kinds.EXECUTION_CANCELLED})


@dataclass(frozen=True, slots=True)
class InLine:
    """One group that a holder waits for.

    Attributes:
        group: its name.
        limit: places that it has, as the holder sees it.
        position: 1 for the one whose turn is next.
        held: who has the places.
        ahead: who waited before.
        since: when it began to wait, in microseconds.
    """

    group: str
    limit: int
    position: int
    held: tuple[Slot, ...]
    ahead: tuple[Slot, ...]
    since: int

    @property
    def free(self) -> bool:
        """There is a place for it."""
        return len(self.held) + len(self.ahead) < self.limit

    @property
    def text(self) -> str:
        """`next for a place in `deploy` (1 in all), held by 01K…`."""
        who = ", ".join(map(name_of, self.held)) or "nobody"
        line = f"number {self.position} in line for" if self.position > 1 else "next for"
        return f"{line} a place in `{self.group}` ({self.limit} in all), held by {who}"


def name_of(slot: Slot) -> str:
    """A holder as people name it: the execution, or a visit of it."""
    return f"{slot.execution} {slot.holder}".rstrip()


def in_line(store: StoreBackend, execution: str, holder: str) -> list[InLine]:
    """Where a holder stands in each of the groups that it waits for."""
    return [
        _standing(slot, store.slots(group=slot.group))
        for slot in store.slots(execution=execution)
        if slot.holder == holder and slot.granted_at is None
    ]


def line_of(store: StoreBackend, execution: str, holder: str) -> str:
    """Where a holder stands, for people; and who waits for whom where that goes in a circle."""
    lines = [found.text for found in in_line(store, execution, holder)]
    return "; ".join(filter(None, (*lines, told(circle(store, execution, holder)))))


def _standing(mine: Slot, all_places: Sequence[Slot]) -> InLine:
    key = (mine.execution, mine.holder)
    at = next(n for n, slot in enumerate(all_places) if (slot.execution, slot.holder) == key)
    held = tuple(slot for slot in all_places if slot.granted_at is not None and slot != mine)
    ahead = tuple(slot for slot in all_places[:at] if slot.granted_at is None)
    return InLine(mine.group, mine.limit, len(ahead) + 1, held, ahead, mine.asked_at)


class Places:
    """The places of one execution that this process drives.

    Args:
        store: where they are.
        execution: its id.
        claim: the right to drive it.
        patience: seconds for which the process waits for a place.
    """

    def __init__(self, store: StoreBackend, execution: str, claim: Claim, patience: float) -> None:
        self._store = store
        self._execution = execution
        self._claim = claim
        self.patience: Final = patience
        self._holders = {slot.holder for slot in store.slots(execution=execution)}
        self._waiting: dict[str, tuple[AcquireSlots, float]] = {}
        self._told: dict[str, str] = {}

    @property
    def waiting(self) -> bool:
        """Some holder waits for its places."""
        return bool(self._waiting)

    @property
    def patient(self) -> bool:
        """Some holder waits, and not too long yet for this process to wait as well."""
        return any(time.monotonic() - since < self.patience for _, since in self._waiting.values())

    def written(self, commands: Iterable[Command], events: Iterable[Event]) -> tuple[list[str], list[Slot]]:
        """What these events give up, and what they ask for, for the append that holds them."""
        freed: list[str] = []
        for event in events:
            if event.type in _ENDS and self._holders:
                freed = [""]
                self._forget(set(self._holders))
            elif event.type == kinds.VISIT_SETTLED and (holder := _visit(event)) in self._holders:
                freed.append(holder)
                self._forget({holder})
        asked = [slot for command in commands if isinstance(command, AcquireSlots) for slot in self._asked(command)]
        return freed, asked

    def _asked(self, command: AcquireSlots) -> Iterator[Slot]:
        self._holders.add(command.holder)
        for group in command.groups:
            yield Slot(self._execution, command.holder, str(group["group"]), int(str(group["limit"])), now())

    def _forget(self, holders: set[str]) -> None:
        self._holders -= holders
        for holder in holders:
            self._waiting.pop(holder, None)

    def ask(self, command: AcquireSlots) -> SlotsTaken | SlotsRefused | None:
        """Take the places now, or do what `on_conflict` says; None when they are to be waited for."""
        if self._take(command.holder):
            return SlotsTaken(now(), command.holder)
        rules: dict[str, Any] = {str(group["group"]): group["on_conflict"] for group in command.groups}
        taken = [found for found in in_line(self._store, self._execution, command.holder) if not found.free]
        refused = [found for found in taken if rules.get(found.group) == "reject"]
        if refused:
            return SlotsRefused(now(), command.holder, _conflict(refused))
        for found in taken:
            if rules.get(found.group) == "cancel":
                self._store.send(list(self._ousted(found)))
        self._waiting[command.holder] = (command, time.monotonic())
        return None

    def taken(self) -> Iterator[SlotsTaken]:
        """Holders whose turn it is by now."""
        for holder in tuple(self._waiting):
            if self._take(holder):
                del self._waiting[holder]
                yield SlotsTaken(now(), holder)

    def news(self) -> Iterator[str]:
        """Where those that wait stand, as far as it is not what this said before."""
        for holder in tuple(self._waiting):
            line = self.line(holder)
            if line and self._told.get(holder) != line:
                self._told[holder] = line
                yield f"`{holder}` is {line}" if holder else line

    def lost(self, held: Iterable[str]) -> list[str]:
        """Of the holders that the log says have their places, those that another has taken them from."""
        without = {slot.holder for slot in self._store.slots(execution=self._execution) if slot.granted_at is None}
        return [holder for holder in held if holder in without]

    def regain(self, holder: str) -> bool:
        """Take places that were lost, when it is the holder's turn again."""
        return self._take(holder)

    def line(self, holder: str) -> str:
        """Where a holder stands, for people."""
        return line_of(self._store, self._execution, holder)

    def _take(self, holder: str) -> bool:
        return self._store.take_slots(self._execution, self._claim.epoch, holder, now())

    def _ousted(self, found: InLine) -> Iterator[Signal]:
        """Signals that end those who were first, the earliest of them, as many as leave a place."""
        others = sorted((*found.held, *found.ahead), key=lambda slot: slot.asked_at)
        reason = f"{self._execution} takes its place in the group {found.group}"
        for slot in others[: len(others) - (found.limit - 1)]:
            data: JsonObject = {"reason": reason, **({"visit": slot.holder} if slot.holder else {})}
            name = CANCEL_VISIT if slot.holder else "cancel"
            yield Signal(slot.execution, name, data, f"execution:{self._execution}", now())


def _visit(event: Event) -> str:
    place = f"{event.scope}/{event.step}" if event.scope else event.step
    return f"{place}#{event.visit}"


def _conflict(refused: Sequence[InLine]) -> JsonObject:
    first = refused[0]
    who = ", ".join(name_of(slot) for slot in (*first.held, *first.ahead))
    places = "its place is" if first.limit == 1 else f"its {first.limit} places are"
    return {"type": CONFLICT, "message": f"the group `{first.group}` is full: {places} held by {who}"}
