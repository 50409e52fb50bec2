"""The event bus's other half: which of a project's workflows an event starts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import JsonObject, TriggerEvent

from treadle.lookup import PROJECT, Found, definitions

if TYPE_CHECKING:
    from treadle_engine.plan import Plan

    from treadle.plugins import PluginHost

MAX_DEPTH: Final = 8
"""How long a chain of executions may become in which each one's end starts the next."""


@dataclass(frozen=True, slots=True)
class Triggered:
    """A workflow that an event starts, and the inputs it gets."""

    found: Found
    text: str
    plan: "Plan"
    inputs: JsonObject


def triggered(event: TriggerEvent, root: Path, plugins: "PluginHost") -> Iterator[Triggered]:
    """The project's workflows with a trigger that matches. Definitions with problems start nothing.

    Only the project's own: a catalogue's workflow runs when a person asks for it.
    """
    from treadle.definition import load_file

    for path in definitions(root):
        if event.type not in path.read_text(errors="replace"):
            continue
        loaded = load_file(path, plugins)
        if loaded.plan is None:
            continue
        for kind, spec in loaded.plan.triggers:
            if kind != event.type:
                continue
            backend = plugins.trigger(kind)
            if backend.matches(spec, event):
                inputs = backend.inputs(spec, event)
                if "with" not in spec:
                    inputs = _asked_for(loaded.plan, inputs)
                yield Triggered(Found(path.stem, path, PROJECT), loaded.text, loaded.plan, inputs)
                break


def _asked_for(plan: "Plan", data: JsonObject) -> JsonObject:
    """What the workflow declares of an event's data: an event may say more than a workflow wants to know."""
    return {spec.name: data[spec.name] for spec in plan.inputs if spec.name in data}
