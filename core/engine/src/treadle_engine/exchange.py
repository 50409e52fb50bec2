"""Stimuli and commands as JSON data, for runtimes whose parts speak to each other over a wire."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final, TypeVar, cast

from treadle_hookspecs import Event, Json

from treadle_engine import protocol
from treadle_engine.protocol import Address, Command, Stimulus

_Said = TypeVar("_Said")

_STIMULI: Final[Mapping[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        protocol.Start,
        protocol.AttemptEnded,
        protocol.AttemptAsks,
        protocol.AttemptLost,
        protocol.TimerFired,
        protocol.Deliver,
        protocol.SlotsTaken,
        protocol.SlotsRefused,
        protocol.CancelVisit,
        protocol.RaiseBudget,
        protocol.CompensationEnded,
        protocol.Pause,
        protocol.Resume,
        protocol.Cancel,
        protocol.Rollback,
        protocol.Recover,
    )
}
_COMMANDS: Final[Mapping[str, type[Any]]] = {
    kind.__name__: kind for kind in (protocol.StartAttempt, protocol.StartWorkflow, protocol.Compensate)
}


def stimulus_to_json(stimulus: Stimulus) -> dict[str, Json]:
    """A stimulus as `{"is": KIND, …}`."""
    return _to_json(stimulus)


def stimulus_from_json(data: Json) -> Stimulus:
    """What `stimulus_to_json` wrote. Raises `ValueError` for anything else."""
    return cast("Stimulus", _from_json(_STIMULI, data))


def command_to_json(command: Command) -> dict[str, Json]:
    """A command that something has to be performed for, as `{"is": KIND, …}`."""
    return _to_json(command)


def command_from_json(data: Json) -> protocol.StartAttempt | protocol.StartWorkflow | protocol.Compensate:
    """What `command_to_json` wrote. Raises `ValueError` for anything else."""
    return cast("protocol.StartAttempt", _from_json(_COMMANDS, data))


def event_from_json(data: Mapping[str, Any]) -> Event:
    """What `Event.to_json` wrote. Raises `TypeError` for anything else."""
    return Event(**data)


def _to_json(said: Any) -> dict[str, Json]:
    names = [found.name for found in fields(said)] if is_dataclass(said) else list(said._fields)
    return {"is": type(said).__name__, **{name: _plain(getattr(said, name)) for name in names}}


def _plain(value: Any) -> Json:
    return list(value) if isinstance(value, tuple) else cast("Json", value)


def _from_json(kinds: Mapping[str, type[_Said]], data: Json) -> _Said:
    if not isinstance(data, Mapping) or data.get("is") not in kinds:
        raise ValueError(f"{data!r} is none of {', '.join(kinds)}")
    values: dict[str, Any] = {name: value for name, value in data.items() if name != "is"}
    if "address" in values:
        values["address"] = Address(*values["address"])
    if "groups" in values:
        values["groups"] = tuple(values["groups"])
    return kinds[str(data["is"])](**values)
