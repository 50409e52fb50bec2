"""The hook specifications. Each says when it is called, with what, and what becomes of the result.

Hooks that register something are plural nouns and yield frozen records; a plugin may write them as generators. All
of a plugin's are called once, together, when the first thing that plugins contribute is needed; one that raises, or
yields something else than its records, takes its plugin out and no other. They are synchronous and quick: whatever
waits is an action. The order of several plugins is priority (a plugin module's `PRIORITY`, default 0, larger first),
then distribution name, then plugin name; each plugin is called on its own, so that hook wrappers, `tryfirst` and
`trylast` are refused.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from treadle_hookspecs._contributions import (
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
from treadle_hookspecs._markers import hookspec

if TYPE_CHECKING:
    from treadle_hookspecs._composition import CompositionRequest, CompositionResult, Conflict, Resolution
    from treadle_hookspecs._events import Event


@hookspec
def treadle_modules() -> Iterable[Module]:  # type: ignore[empty-body]
    """Offer actions for steps to use.

    When: once; used when the first workflow is validated or run, or `treadle show` asks.
    Result: all plugins' modules together; two that claim one action name are an error naming both distributions.

    Example:
        ```python
        @hookimpl
        def treadle_modules():
            yield Module("weather", "1.0", (Action("forecast", "treadle_weather._forecast:forecast"),))
        ```
    """


@hookspec
def treadle_triggers() -> Iterable[Trigger]:  # type: ignore[empty-body]
    """Offer ways for executions to start.

    When: once; used when a definition with `triggers:` is validated, or an event is offered to workflows.
    Result: all together; the types must differ.

    Example:
        ```python
        @hookimpl
        def treadle_triggers():
            yield Trigger("mail", "treadle_mail._trigger:MailTrigger", "a message arrived")
        ```
    """


@hookspec
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:  # type: ignore[empty-body]
    """Offer ways to merge what two templates say.

    When: once; used when a composition finds its first conflict.
    Result: all together; the names must differ. For one file the one whose `formats` fit best is asked.

    Example:
        ```python
        @hookimpl
        def treadle_conflict_resolvers():
            yield ConflictResolver("ini", ("*.ini", "*.cfg"), "treadle_ini._merge:merge")
        ```
    """


@hookspec
def treadle_rollback_actions() -> Iterable[RollbackAction]:  # type: ignore[empty-body]
    """Offer undo actions by name, for `compensate: {action: NAME}`.

    When: once; used when the first definition that names one is validated, or a rollback runs one.
    Result: all together; the types must differ.

    Example:
        ```python
        @hookimpl
        def treadle_rollback_actions():
            yield RollbackAction("drop-table", "treadle_db._undo:drop_table")
        ```
    """


@hookspec
def treadle_before_composition(request: "CompositionRequest") -> None:
    """Look at a composition before anything is written. Provisional.

    When: after the templates are resolved and before they are rendered.
    Arguments: `request`, what is about to happen.
    Result: none; raise `TreadleError` to refuse.

    Example:
        ```python
        @hookimpl
        def treadle_before_composition(request):
            if len(request.templates) > 10:
                raise TreadleError("at most ten templates at a time")
        ```
    """


@hookspec(firstresult=True)
def treadle_on_conflict(conflict: "Conflict") -> "Resolution | None":
    """Answer one conflict. Provisional.

    When: for each row that no flag, lock or template decided.
    Arguments: `conflict`, the row.
    Result: the first that is not None is taken.

    Example:
        ```python
        @hookimpl
        def treadle_on_conflict(conflict):
            return Resolution("first") if conflict.path == "LICENSE" else None
        ```
    """


@hookspec
def treadle_after_setup(result: "CompositionResult") -> None:
    """Look at a composed project. Provisional.

    When: after the composition is committed.
    Arguments: `result`, where it is and what was written.
    Result: none; an exception is reported and changes nothing.

    Example:
        ```python
        @hookimpl
        def treadle_after_setup(result):
            print(f"{len(result.written)} files in {result.target}", file=sys.stderr)
        ```
    """


@hookspec
def treadle_on_event(event: "Event") -> None:
    """See each event of the executions that this process drives.

    When: after the event is durable, in a thread of its own with a bounded queue.
    Arguments: `event`, with sensitive values masked.
    Result: none. A listener that raises twice is disabled for the run with a warning; one that lags behind loses
    events and is told so: tail the log by `seq` when every event counts.

    Example:
        ```python
        @hookimpl
        def treadle_on_event(event):
            if event.type == "execution_failed":
                ring_the_bell()
        ```
    """


@hookspec
def treadle_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Offer subcommands of `treadle`.

    When: once; used when the command line is read. The named app is imported when its command is invoked.
    Result: all together; the names must differ from each other and from the core's own.

    Example:
        ```python
        @hookimpl
        def treadle_commands():
            yield Command("weather", "treadle_weather._cli:app", "Show the weather of an execution")
        ```
    """


@hookspec
def treadle_definition_formats() -> Iterable[DefinitionFormat]:  # type: ignore[empty-body]
    """Offer other dialects for definitions.

    When: once; used when the first definition is loaded.
    Result: in plugin order; the first whose `detect` says yes reads the file.

    Example:
        ```python
        @hookimpl
        def treadle_definition_formats():
            yield DefinitionFormat("airflow", "treadle_airflow._detect:detect", "treadle_airflow._load:load")
        ```
    """


@hookspec
def treadle_workflows() -> Iterable[WorkflowCatalogue]:  # type: ignore[empty-body]
    """Offer folders of ready workflows.

    When: once; used when a workflow is looked up by a name that the project does not have, or `treadle list` asks.
    Result: in plugin order; the first folder with the name wins, a second one is reported.

    Example:
        ```python
        @hookimpl
        def treadle_workflows():
            yield WorkflowCatalogue("acme", "acme_workflows", "definitions")
        ```
    """


@hookspec
def treadle_template_sources() -> Iterable[TemplateSource]:  # type: ignore[empty-body]
    """Offer places that templates come from.

    When: once; used when a composition resolves its first template.
    Result: all together; the schemes must differ.

    Example:
        ```python
        @hookimpl
        def treadle_template_sources():
            yield TemplateSource("s3", "treadle_s3._source:S3Source")
        ```
    """


@hookspec
def treadle_agents() -> Iterable[Agent]:  # type: ignore[empty-body]
    """Offer kinds of agents that steps can ask.

    When: once; used when a step asks an agent, a definition that names one is validated, or `treadle agents` runs.
    Result: all together; the names must differ. The user's settings give agents of a kind their names.

    Example:
        ```python
        @hookimpl
        def treadle_agents():
            yield Agent("pair", "treadle_pair._agent:PairAgent", "asks the person beside you")
        ```
    """


@hookspec
def treadle_state_stores() -> Iterable[StateStore]:  # type: ignore[empty-body]
    """Offer places to keep state.

    When: once; used when the store is opened by its URL's scheme.
    Result: all together; the schemes must differ.

    Example:
        ```python
        @hookimpl
        def treadle_state_stores():
            yield StateStore("mysql", "treadle_mysql._store:MySqlStore")
        ```
    """


@hookspec
def treadle_runtimes() -> Iterable[Runtime]:  # type: ignore[empty-body]
    """Offer runtimes that drive the decider. Provisional.

    When: once; used when an execution starts.
    Result: all together; the names must differ.

    Example:
        ```python
        @hookimpl
        def treadle_runtimes():
            yield Runtime("slurm", "treadle_slurm._runtime:SlurmRuntime")
        ```
    """


@hookspec
def treadle_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]
    """Offer other forms to draw or write a workflow in.

    When: once; used when `treadle graph WORKFLOW --format NAME` asks for one.
    Result: all together; the names must differ. `Exporter` says what its function is given.

    Example:
        ```python
        @hookimpl
        def treadle_exporters():
            yield Exporter("plantuml", "treadle_plantuml._export:export")
        ```
    """


@hookspec
def treadle_report_formats() -> Iterable[ReportFormat]:  # type: ignore[empty-body]
    """Offer forms to write the report of an execution in.

    When: once; used when `treadle report` or `treadle run --report FILE` asks for one.
    Result: all together; the names must differ. Of two that share a suffix the first in plugin order is taken.

    Example:
        ```python
        @hookimpl
        def treadle_report_formats():
            yield ReportFormat("pdf", "treadle_pdf._report:write", (".pdf",), "for printers")
        ```
    """
