"""What plugins contribute: frozen records that name code by import string.

An import string is `"package.module:attribute"`. It is resolved when the thing is used and not before, so
listing what is installed imports no plugin's libraries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from treadle_hookspecs._json import JsonObject

Risk: TypeAlias = Literal["low", "medium", "high"]
"""How much an action can break; `mode: hybrid` asks before the high ones."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that an action starts, so that a dry run and `treadle doctor` can look for it."""

    name: str
    install: str = ""
    """The command line that brings it, e.g. `pip install ruff`."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a step can do with `uses: module/name`.

    Args:
        name: in lower case with hyphens, e.g. `run-tests`.
        target: import string of the function. A coroutine function runs in the loop; a plain one in a thread. Its
            parameter `context` gets the `ActionContext`; an input of that name goes to `context_`.
        summary: one line for `treadle show`.
        aliases: full names that mean this action as well, e.g. `analyze_pr` of another dialect.
        inputs: a JSON Schema of type object; None derives it from the function's signature.
        outputs: a JSON Schema of type object that `treadle show` prints and the validator knows names from.
        idempotent: running it twice is as good as once: after a crash it is run again without asking.
        isolation: `process` runs it in a child process: for CPU-bound or untrusted code.
        risk: see `Risk`.
        tools: programs that it starts.
        preview: import string of `func(**inputs, context: PreviewContext) -> Preview`, for `--dry-run`. An input
            that depends on an earlier step's result comes as the expression that was written, a text.
    """

    name: str
    target: str
    summary: str = ""
    aliases: tuple[str, ...] = ()
    inputs: JsonObject | None = None
    outputs: JsonObject | None = None
    idempotent: bool = False
    isolation: Literal["inline", "process"] = "inline"
    risk: Risk = "low"
    tools: tuple[Tool, ...] = ()
    preview: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do: command lines it would start, files it would write."""

    commands: tuple[tuple[str, ...], ...] = ()
    writes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """A set of actions under one name: `uses: name/action`."""

    name: str
    version: str
    actions: tuple[Action, ...]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A way for executions to start.

    `target` names a class that fulfils `TriggerBackend`. `schema` is the JSON Schema of its entry in `triggers:`.
    """

    type: str
    target: str
    summary: str = ""
    schema: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """What a trigger fires and the event bus carries.

    Args:
        type: the trigger type, e.g. `cli`, `event`, `schedule`.
        name: for the `event` trigger the event's name, else "".
        data: what `trigger.data` shows to expressions.
        dedupe: two events of one workflow with the same key start one execution; "" never matches.
        workflow: the workflow it is for; "" offers it to every workflow with a matching trigger.
    """

    type: str
    name: str = ""
    data: JsonObject = field(default_factory=dict)
    dedupe: str = ""
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class RollbackAction:
    """An undo by name, for `compensate: {action: type}`. `target` is a function like an action's."""

    type: str
    target: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: `treadle NAME`. `target` names a `typer.Typer`; its `ctx.obj` is the `Host`.

    Args:
        name: in lower case with hyphens.
        target: import string of the app.
        help: one line for `treadle --help`.
        schemas: JSON Schemas that `treadle schema NAME` prints, as `(name, import string of func() -> dict)`.
        guide: import string of `func(level: str) -> str`, what `treadle help NAME --level LEVEL` prints; the levels
            are basic, intermediate and advanced.
    """

    name: str
    target: str
    help: str
    schemas: tuple[tuple[str, str], ...] = ()
    guide: str = ""


@dataclass(frozen=True, slots=True)
class DefinitionFormat:
    """Another dialect for definitions.

    Args:
        name: shown in messages.
        detect: import string of `detect(name, head) -> bool`, with the file's name and first 4096 characters; quick and
            pure. Files that have a key `treadle` are not asked about.
        target: import string of `load(source: DefinitionSource) -> Translation`.
    """

    name: str
    detect: str
    target: str


@dataclass(frozen=True, slots=True)
class WorkflowCatalogue:
    """A folder of definitions inside a package: `package` is imported as resources, never as code of the workflow."""

    name: str
    package: str
    folder: str = "."


@dataclass(frozen=True, slots=True)
class StateStore:
    """Where state is kept: `scheme://…`. `target` names a class that fulfils `StoreBackend`."""

    scheme: str
    target: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What drives the decider: `local`, `temporal`. `target` names the class."""

    name: str
    target: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes a workflow in another form. `target` names `func(definition: Mapping) -> str`.

    `definition` is a `treadle/graph@1` document, whose JSON Schema `treadle schema graph` prints: `workflow, title,
    version, execution, status` and `scopes`, each with `address, title, steps, edges`. A step has `address, name, kind,
    action, join, state, outcome, visits, critical`; `state` is null where no execution is shown. An edge has `from, to`
    (addresses), `kind` (need, order, route), `label, back, taken`.
    """

    name: str
    target: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """Writes the report of an execution in one form.

    Args:
        name: e.g. `md`: what `treadle report --format` takes.
        target: import string of `func(host: Host, execution: str, title: str) -> str`. It reads the execution by
            `host.execution`, `host.steps`, `host.figures` and `host.history`; nothing else is known of it.
        suffixes: file names that ask for it, e.g. `(".md",)`.
        summary: one line.
    """

    name: str
    target: str
    suffixes: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """A kind of agent: a person, a script, a coding agent, a model.

    Attributes:
        name: the kind; the user's settings give agents of that kind names of their own.
        target: import string of a class that fulfils `AgentBackend`.
        summary: one line for `treadle agents`.
        variables: environment variables that make an agent known, by the agent's name: `{"aider": "AIDER_ENDPOINT"}`;
            the value is its setting `endpoint`.
    """

    name: str
    target: str
    summary: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConflictResolver:
    """Merges the versions that templates have of one file.

    Args:
        name: e.g. `toml`.
        formats: globs for the file's name, or with `/` for its whole path. An exact name is stronger than a path
            glob, that is stronger than a name glob; among equals the first in plugin order counts.
        target: import string of a `MergeFunction`.
        summary: one line.
        strategies: what `target` can do with a whole file, besides what every file can (`first`, `last`, `rename` …).
        default: the strategy for these files where nobody says another; one of `strategies`, or a general one.
    """

    name: str
    formats: tuple[str, ...]
    target: str
    summary: str = ""
    strategies: tuple[str, ...] = ("merge", "combine")
    default: str = "merge"


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """Where templates come from: `scheme:rest`. `target` names a class that fulfils `TemplateBackend`."""

    scheme: str
    target: str
    summary: str = ""
