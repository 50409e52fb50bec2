"""What an execution puts on the bus: its `emit` steps, and its end."""

from collections.abc import Iterable

from treadle_engine.protocol import Command, Finish, Publish
from treadle_hookspecs import BusEvent, ExecutionRow, JsonObject

from treadle.runtime.clock import now


def outgoing(row: ExecutionRow, commands: Iterable[Command], *, ends: bool) -> list[BusEvent]:
    """Events for the bus in these commands; `ends` tells of the execution's end too."""
    found: list[BusEvent] = []
    for command in commands:
        if isinstance(command, Publish):
            found.append(BusEvent(command.name, command.data, row.id, now(), root=row.root))
        elif ends and isinstance(command, Finish):
            data: JsonObject = {"execution": row.id, "workflow": row.workflow, "status": command.status}
            found.append(BusEvent(f"execution.{command.status}", data, row.id, now(), root=row.root))
    return found
