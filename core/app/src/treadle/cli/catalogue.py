"""What can be run: `list` and `show`."""

from typing import TYPE_CHECKING, Annotated

import typer
from treadle_engine.plan import Plan
from treadle_hookspecs import Action, ExitCode, TreadleError

from treadle.cli import describe, options, shapes
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.plugins import PluginHost


def list_(
    ctx: typer.Context,
    actions: Annotated[bool, typer.Option("--actions", help="List actions instead: what a step can use.")] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """List the workflows that can be run by name: the project's, then those of installed catalogues."""
    session: Session = ctx.obj
    if actions:
        _list_actions(session, as_json=json_output)
    else:
        _list_workflows(session, as_json=json_output)


def _list_workflows(session: Session, *, as_json: bool) -> None:
    entries = session.treadle.workflows()
    if as_json:
        session.terminal.data(shapes.text(shapes.workflows(entries)))
    elif entries:
        cells = [[entry.name, entry.version, entry.source, entry.title or entry.description] for entry in entries]
        session.terminal.data(describe.table(["NAME", "VERSION", "FROM", "TITLE"], cells, session.terminal))
    else:
        session.terminal.say("no workflows here; `treadle init --example hello` writes one")


def _list_actions(session: Session, *, as_json: bool) -> None:
    host = session.treadle.plugins
    rows = [(name, host.provider(name).distribution, _summary(host, name)) for name in host.action_names()]
    if as_json:
        listed = [{"name": name, "provided_by": provider, "summary": summary} for name, provider, summary in rows]
        session.terminal.data(shapes.text({"schema": "treadle/actions@1", "actions": listed}))
    else:
        session.terminal.data(describe.table(["ACTION", "FROM", "SUMMARY"], rows, session.terminal))


def _summary(host: "PluginHost", name: str) -> str:
    action = host.action(name)
    return action.summary if action else ""


def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A workflow, or an action such as git/diff.")],
    json_output: options.JsonOutput = False,
) -> None:
    """Describe a workflow or an action: what goes in, what comes out, and who provides it."""
    session: Session = ctx.obj
    try:
        plan, path = _workflow(session, name)
    except TreadleError as error:
        action = session.treadle.plugins.action(name)
        if action is None or error.exit_code != ExitCode.NOT_FOUND:
            raise
        _show_action(session, name, action, as_json=json_output)
        return
    source = next((entry.source for entry in session.treadle.workflows() if entry.path == path), "file")
    if json_output:
        session.terminal.data(shapes.text(describe.plan_json(plan, path, source)))
    else:
        session.terminal.data("\n".join(describe.plan_lines(plan, path, source, session.terminal)))


def _workflow(session: Session, name: str) -> tuple[Plan, str]:
    from treadle.api import DefinitionError

    loaded = session.treadle.load(name)
    if loaded.plan is None:
        raise DefinitionError(loaded)
    return loaded.plan, str(loaded.path)


def _show_action(session: Session, name: str, action: Action, *, as_json: bool) -> None:
    host = session.treadle.plugins
    full, provider = host.canonical(name), host.provider(name).label
    inputs, outputs = host.action_inputs(name), host.action_outputs(name)
    if as_json:
        session.terminal.data(shapes.text(shapes.action(full, action, provider, inputs, outputs)))
    else:
        lines = describe.action_lines(full, action, provider, inputs, outputs, session.terminal)
        session.terminal.data("\n".join(lines))
