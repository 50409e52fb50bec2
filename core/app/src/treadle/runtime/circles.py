"""Executions that wait for each other's places: nothing ends that but a person, so it is said who holds what.

An execution that has a place in one group and has a step that waits for another one, beside one that does it the other
way round: neither place is ever given up.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from treadle_engine.addresses import opened_by
from treadle_hookspecs import Slot, StoreBackend

Holder: TypeAlias = tuple[str, str]
"""An execution, and a visit of it or ""."""


def circle(store: StoreBackend, execution: str, holder: str) -> Sequence[Slot]:
    """The places that are waited for in a circle: that of the holder first, each held by the execution of the next.

    () when what the holder waits for can still come.
    """
    stuck = _stuck(store.slots())
    found: list[Slot] = []
    at = next((slot for slot, _ in stuck.get((execution, holder), ())), None)
    while at is not None and at not in found:
        found.append(at)
        at = _next(stuck, at)
    return found[found.index(at) :] if at is not None else ()


def told(places: Sequence[Slot]) -> str:
    """A circle for people; "" for none."""
    if not places:
        return ""
    links = [
        f"{_name(slot)} wants `{slot.group}`, which {after.execution} has"
        for slot, after in zip(places, [*places[1:], places[0]], strict=True)
    ]
    return f"they wait for each other until one is cancelled: {'; '.join(links)}"


def _name(slot: Slot) -> str:
    return f"`{slot.holder}` of {slot.execution}" if slot.holder else slot.execution


_Stuck: TypeAlias = Mapping[Holder, Sequence[tuple[Slot, Sequence[Slot]]]]
"""What waits in vain: each place that it waits for, and those who have it."""


def _stuck(slots: Sequence[Slot]) -> _Stuck:
    """Those who wait and will for ever: take out whoever waits for a place that can be given up, again and again."""
    held: dict[str, list[Slot]] = {}
    waiting: dict[Holder, list[Slot]] = {}
    for slot in slots:
        if slot.granted_at is None:
            waiting.setdefault((slot.execution, slot.holder), []).append(slot)
        else:
            held.setdefault(slot.group, []).append(slot)
    while True:
        free = [
            who
            for who, wanted in waiting.items()
            if all(_can_come(slot, held.get(slot.group, ()), waiting) for slot in wanted)
        ]
        if not free:
            break
        for who in free:
            del waiting[who]
    return {
        who: [(slot, held[slot.group]) for slot in wanted if not _can_come(slot, held.get(slot.group, ()), waiting)]
        for who, wanted in waiting.items()
    }


def _can_come(slot: Slot, held: Sequence[Slot], waiting: Mapping[Holder, Sequence[Slot]]) -> bool:
    """There is room in the group, or somebody who has a place in it can end."""
    return len(held) < slot.limit or any(not _blocked(one, waiting) for one in held)


def _blocked(one: Slot, waiting: Mapping[Holder, Sequence[Slot]]) -> bool:
    """Something inside a holder waits."""
    return any(execution == one.execution and one.holder in {"", *_around(holder)} for execution, holder in waiting)


def _around(holder: str) -> Sequence[str]:
    """The visits that a visit is inside of, from the inside out: of `group#2/step#1` it is `group#2`."""
    found: list[str] = []
    scope = holder.rpartition("#")[0].rpartition("/")[0]
    while scope:
        opened = opened_by(scope)
        found.append(f"{opened.scope}/{opened.step}#{opened.visit}".lstrip("/"))
        scope = opened.scope
    return found


def _next(stuck: _Stuck, at: Slot) -> Slot | None:
    """What the execution waits for that has a place."""
    for wanted, held in stuck.get((at.execution, at.holder), ()):
        for one in held if wanted == at else ():
            for (execution, holder), places in stuck.items():
                if execution == one.execution and places and one.holder in {"", *_around(holder)}:
                    return places[0][0]
    return None
