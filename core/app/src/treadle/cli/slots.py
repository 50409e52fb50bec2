"""`treadle slots`: places in groups, who has them and who waits."""

from collections.abc import Sequence
from typing import Annotated

import typer
from treadle_hookspecs import Json, Slot

from treadle.cli import describe, options, shapes
from treadle.cli.moments import iso, local
from treadle.cli.session import Session


def slots(
    ctx: typer.Context,
    group: Annotated[str, typer.Argument(metavar="[GROUP]", help="Only this one.")] = "",
    json_output: options.JsonOutput = False,
) -> None:
    """List places in the groups of `concurrency`, of every project: who has them, and who waits, the next one first."""
    session: Session = ctx.obj
    found = session.treadle.slots(group)
    if json_output:
        session.terminal.data(shapes.text({"schema": "treadle/slots@1", "slots": [_json(slot) for slot in found]}))
    elif not found:
        session.terminal.say(f"nobody has a place in `{group}`, or waits for one" if group else "no group has members")
    else:
        cells = [_cells(slot) for slot in sorted(found, key=lambda slot: (slot.group, slot.granted_at is None))]
        headings = ["GROUP", "PLACES", "STATE", "SINCE", "EXECUTION", "STEP"]
        session.terminal.data(describe.table(headings, cells, session.terminal))


def _json(slot: Slot) -> dict[str, Json]:
    return {
        "group": slot.group,
        "limit": slot.limit,
        "execution": slot.execution,
        "step": slot.holder,
        "state": _state(slot),
        "asked_at": iso(slot.asked_at),
        "granted_at": iso(slot.granted_at),
    }


def _cells(slot: Slot) -> Sequence[str]:
    since = slot.granted_at or slot.asked_at
    return [slot.group, str(slot.limit), _state(slot), local(since), slot.execution, slot.holder]


def _state(slot: Slot) -> str:
    return "waiting" if slot.granted_at is None else "held"
