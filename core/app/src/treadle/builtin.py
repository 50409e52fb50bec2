"""What the core contributes itself, through the hooks that every plugin has."""

from collections.abc import Iterator
from typing import Final

from treadle_hookspecs import Action, Agent, Exporter, JsonObject, Module, Runtime, Trigger, hookimpl

_CLI: Final[JsonObject] = {
    "type": "object",
    "properties": {"command": {"type": "string", "description": "the name after `treadle run`"}},
    "additionalProperties": False,
}

_EVENT: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "the event's name"},
        "match": {"type": "string", "description": "an expression over `event.name` and `event.data`"},
        "with": {"type": "object", "description": "the inputs; default: the event's data by the inputs' names"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@hookimpl
def treadle_triggers() -> Iterator[Trigger]:
    """A person at a command line, and an event on the bus."""
    yield Trigger("cli", "treadle.triggers:CliTrigger", "a person runs it", _CLI)
    yield Trigger("event", "treadle.triggers:EventTrigger", "an event was emitted", _EVENT)


@hookimpl
def treadle_runtimes() -> Iterator[Runtime]:
    """The runtime of this machine."""
    yield Runtime("local", "treadle.runtime.local:LocalRuntime", "drives executions in this process")


@hookimpl
def treadle_exporters() -> Iterator[Exporter]:
    """The forms that `treadle graph` draws in beside the terminal's."""
    yield Exporter("mermaid", "treadle.seeing.mermaid:mermaid", "a Mermaid flowchart, as Markdown pages show it")
    yield Exporter("dot", "treadle.seeing.dot:dot", "a Graphviz digraph: pipe it into `dot -Tsvg`")


@hookimpl
def treadle_agents() -> Iterator[Agent]:
    """A person: offline, and always there."""
    yield Agent("human", "treadle.runtime.agents.human:HumanAgent", "you: the execution rests until you have done it")


@hookimpl
def treadle_modules() -> Iterator[Module]:
    """Asking an agent, without a module around it."""
    perform = Action(
        "perform",
        "treadle.runtime.agents.perform:perform",
        "have the step's agent change files or answer",
        risk="medium",
    )
    yield Module("agent", "1", (perform,), "work that needs judgement")
