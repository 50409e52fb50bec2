"""The kinds of things that plugins register: which hook yields them, what identifies them, what must hold of them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from treadle_hookspecs import (
    Action,
    Agent,
    Command,
    ConflictResolver,
    DefinitionFormat,
    Exporter,
    Module,
    ReportFormat,
    RollbackAction,
    Runtime,
    StateStore,
    TemplateSource,
    Trigger,
    WorkflowCatalogue,
)

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_IMPORT_STRING = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of contribution.

    Args:
        hook: the hook that yields it.
        type: what each item must be.
        label: how messages and records call it.
        name: what identifies an item among all plugins.
        targets: its import strings.
    """

    hook: str
    type: type[T]
    label: str
    name: Callable[[T], str]
    targets: Callable[[T], tuple[str, ...]]

    def problems(self, item: T) -> Iterator[str]:
        """What is wrong with an item."""
        if not _NAME.fullmatch(self.name(item)):
            yield f"{self.label} {self.name(item)!r}: a name is lower-case letters, digits, '.', '_' and '-'"
        yield from target_problems(f"{self.label} {self.name(item)}", self.targets(item))


def target_problems(owner: str, targets: tuple[str, ...]) -> Iterator[str]:
    """Import strings that are not of the form `package.module:attribute`."""
    for target in targets:
        if not _IMPORT_STRING.fullmatch(target):
            yield f"{owner}: {target!r} is not an import string `package.module:attribute`"


TRIGGERS: Final = Kind("treadle_triggers", Trigger, "trigger", lambda it: it.type, lambda it: (it.target,))
ROLLBACK_ACTIONS: Final = Kind(
    "treadle_rollback_actions", RollbackAction, "rollback action", lambda it: it.type, lambda it: (it.target,)
)
COMMANDS: Final = Kind(
    "treadle_commands",
    Command,
    "command",
    lambda it: it.name,
    lambda it: (it.target, *(target for _, target in it.schemas), *((it.guide,) if it.guide else ())),
)
DEFINITION_FORMATS: Final = Kind(
    "treadle_definition_formats",
    DefinitionFormat,
    "definition format",
    lambda it: it.name,
    lambda it: (it.detect, it.target),
)
CATALOGUES: Final = Kind("treadle_workflows", WorkflowCatalogue, "catalogue", lambda it: it.name, lambda _: ())
STATE_STORES: Final = Kind(
    "treadle_state_stores", StateStore, "state store", lambda it: it.scheme, lambda it: (it.target,)
)
RUNTIMES: Final = Kind("treadle_runtimes", Runtime, "runtime", lambda it: it.name, lambda it: (it.target,))
AGENTS: Final = Kind("treadle_agents", Agent, "agent", lambda it: it.name, lambda it: (it.target,))
TEMPLATE_SOURCES: Final = Kind(
    "treadle_template_sources", TemplateSource, "template source", lambda it: it.scheme, lambda it: (it.target,)
)
CONFLICT_RESOLVERS: Final = Kind(
    "treadle_conflict_resolvers", ConflictResolver, "conflict resolver", lambda it: it.name, lambda it: (it.target,)
)
EXPORTERS: Final = Kind("treadle_exporters", Exporter, "exporter", lambda it: it.name, lambda it: (it.target,))
REPORT_FORMATS: Final = Kind(
    "treadle_report_formats", ReportFormat, "report format", lambda it: it.name, lambda it: (it.target,)
)
MODULES: Final = Kind(
    "treadle_modules",
    Module,
    "module",
    lambda it: it.name,
    lambda it: tuple(target for action in it.actions for target in action_targets(action)),
)

KINDS: Final[tuple[Kind[Any], ...]] = (
    MODULES,
    TRIGGERS,
    ROLLBACK_ACTIONS,
    COMMANDS,
    DEFINITION_FORMATS,
    CATALOGUES,
    STATE_STORES,
    RUNTIMES,
    AGENTS,
    TEMPLATE_SOURCES,
    CONFLICT_RESOLVERS,
    EXPORTERS,
    REPORT_FORMATS,
)
"""In the order in which a plugin's hooks are called."""


def action_targets(action: Action) -> tuple[str, ...]:
    """The import strings of an action."""
    return (action.target, action.preview) if action.preview else (action.target,)


def module_problems(module: Module) -> Iterator[str]:
    """What is wrong with a module's actions, besides what `Kind.problems` sees."""
    seen: set[str] = set()
    for action in module.actions:
        if not _NAME.fullmatch(action.name):
            yield f"action {module.name}/{action.name}: a name is lower-case letters, digits, '.', '_' and '-'"
        yield from _declaration_problems(f"action {module.name}/{action.name}", action)
        for name in (f"{module.name}/{action.name}", *action.aliases):
            if name in seen:
                yield f"module {module.name}: {name} is named twice"
            seen.add(name)


def _declaration_problems(label: str, action: Action) -> Iterator[str]:
    for field in ("aliases", "tools"):
        if not isinstance(getattr(action, field), tuple):
            yield f"{label}: `{field}` is not a tuple"
    for field in ("inputs", "outputs"):
        schema = getattr(action, field)
        if schema is not None and (not isinstance(schema, Mapping) or schema.get("type") != "object"):
            yield f"{label}: `{field}` is not a JSON Schema of type object"
