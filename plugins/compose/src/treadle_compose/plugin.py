"""What treadle-compose contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Command, Module, WorkflowCatalogue, hookimpl

ACTIONS = (
    Action("resolve", "treadle_compose._actions:resolve", "Find templates and all that they need", idempotent=True),
    Action("render", "treadle_compose._actions:render", "Render each template into a tree of its own", idempotent=True),
    Action("plan", "treadle_compose._actions:plan", "Plan a project, with every conflict", idempotent=True),
    Action(
        "apply",
        "treadle_compose._actions:apply",
        "Write a planned project, whole or not at all",
        idempotent=True,
        risk="medium",
    ),
    Action("hooks", "treadle_compose._actions:hooks", "Run the hooks of templates", risk="medium"),
    Action("undo", "treadle_compose._actions:undo", "Take a written project back", idempotent=True, risk="medium"),
    Action("undo-hooks", "treadle_compose._actions:undo_hooks", "Take back what hooks did", risk="medium"),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `compose`."""
    yield Module("compose", "0.1.0", ACTIONS, "One project from several templates, atomically")


@hookimpl
def treadle_workflows() -> Iterable[WorkflowCatalogue]:
    """The workflow behind `treadle compose`."""
    yield WorkflowCatalogue("compose", "treadle_compose", "workflows")


SCHEMAS = (
    ("composition", "treadle_compose._schemas:composition"),
    ("composition-result", "treadle_compose._schemas:result"),
    ("hooks", "treadle_compose._schemas:hooks"),
    ("project-templates", "treadle_compose._schemas:project"),
    ("trust", "treadle_compose._schemas:trust"),
    ("template-check", "treadle_compose._schemas:check"),
)


@hookimpl
def treadle_commands() -> Iterable[Command]:
    """`treadle compose` and what belongs to it."""
    package = "treadle_compose"
    yield Command(
        "compose",
        f"{package}._command:app",
        "Make one project from several templates.",
        schemas=SCHEMAS,
        guide=f"{package}._guide:guide",
    )
    yield Command(
        "update", f"{package}._update_command:app", "Bring a composed project to its templates' newest versions."
    )
    yield Command("apply", f"{package}._apply_command:app", "Write a project that was planned before.")
    yield Command("template", f"{package}._template_command:app", "List, look at, check, write and test templates.")
    yield Command("hooks", f"{package}._hooks_command:app", "Look at the code that templates bring.")
    yield Command("trust", f"{package}._trust_command:app", "Say what templates' code may do.")
    yield Command("audit", f"{package}._audit_command:app", "Show who composed what, from which templates.")
    yield Command("plugin", f"{package}._plugin_command:app", "Write plugins for treadle.")
