"""Workflows that a step starts and does not wait for: executions of their own, each started exactly once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from treadle_engine.addresses import child_of
from treadle_engine.protocol import StartWorkflow
from treadle_hookspecs import Definition, ExecutionRow, ExitCode, Json, JsonObject, StoreBackend, TreadleError

from treadle.runtime.clock import derived_id
from treadle.runtime.context import reveal

if TYPE_CHECKING:
    from treadle.runtime.execution import Execution
    from treadle.runtime.local import Launch

TRIGGER = "workflow"
"""The trigger type of executions that a step of another one started."""


def id_of(parent: str, command: StartWorkflow) -> str:
    """The id of the execution that a visit starts: asking again gives the same."""
    address = command.address
    return derived_id(f"{parent}/{address.scope}/{address.step}#{address.visit}")


def launch_of(parent: "Execution", command: StartWorkflow, store: StoreBackend) -> "Launch":
    """What is started. Raises `TreadleError` when its definition was not pinned, or a secret cannot be had."""
    from treadle.runtime.local import Launch

    state = parent.state
    plan = replace(child_of(state.plan, command.workflow), children=state.plan.children)
    hashes: Any = state.header.get("children", {})
    inputs, revealed = _revealed(parent, command.inputs)
    address = f"{command.address.scope}/{command.address.step}".lstrip("/")
    return Launch(
        plan,
        _definition(store, hashes.get(command.workflow, ""), parent.id),
        inputs,
        parent.surroundings.root,
        TRIGGER,
        {"execution": parent.id, "step": f"{address}#{command.address.visit}"},
        origin=parent.id,
        actor=state.started_by,
        sensitive=(*map(str, parent.codec.sensitive), *revealed),
        children=hashes,
    )


def continued_by(row: ExecutionRow) -> str:
    """The execution that this one continues (R13a), or "". One that a step started continues nothing."""
    data = row.trigger_data
    started = row.trigger_type == TRIGGER and isinstance(data, Mapping) and data.get("execution") == row.origin
    return "" if started else row.origin


def _definition(store: StoreBackend, digest: str, parent: str) -> Definition:
    found = store.definition(digest)
    if found is None:
        raise TreadleError(f"the definition of a workflow of execution {parent} is missing", exit_code=ExitCode.STORAGE)
    return found


def _revealed(parent: "Execution", inputs: JsonObject) -> tuple[JsonObject, list[str]]:
    """The inputs with the values of secrets, which the other execution cannot look up, and these values."""
    found: dict[str, Json] = {}
    values: list[str] = []
    for name, value in inputs.items():
        if isinstance(value, Mapping) and value.keys() == {"$secret"}:
            plain: Any = reveal({name: value}, parent.surroundings.secrets)
            values.append(str(plain[name]))
            found[name] = plain[name]
        else:
            found[name] = value
    return found, values
