"""The plugin host: the one place that knows which plugins there are and what they offer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from treadle_hookspecs import (
    Action,
    TreadleError,
)

from treadle.plugins import _kinds as kinds
from treadle.plugins._catalogues import CatalogueFile, catalogue_files
from treadle.plugins._collection import Contributions
from treadle.plugins._commands import CommandAction, caller_of
from treadle.plugins._compatibility import canonical_distribution
from treadle.plugins._dialects import LoadedDialect, dialect_of
from treadle.plugins._discovery import Candidate, discover
from treadle.plugins._imports import describe, load_object
from treadle.plugins._installation import Installation, builtin, install
from treadle.plugins._records import Contributed, PluginRecord
from treadle.plugins._resolved import ResolvedAction
from treadle.suggestions import closest

if TYPE_CHECKING:
    from treadle_hookspecs import (
        Agent,
        AgentBackend,
        Command,
        CompositionRequest,
        CompositionResult,
        Conflict,
        ConflictResolver,
        DefinitionFormat,
        EventListener,
        Exporter,
        Host,
        Json,
        JsonObject,
        MergeFunction,
        ReportFormat,
        Resolution,
        RollbackAction,
        Runtime,
        StateStore,
        StoreBackend,
        TemplateBackend,
        TemplateSource,
        Trigger,
        TriggerBackend,
        WorkflowCatalogue,
    )

    from treadle.settings import Settings

T = TypeVar("T")
Further: TypeAlias = Callable[[Sequence[str]], Iterable[Candidate]]


class PluginHost:
    """The plugins of this installation. Cheap to make: nothing is discovered or imported before it is asked.

    Args:
        discover: look for installed plugins; False leaves the core's own and those given to `register`.
        disabled: plugin or distribution names that are not to be loaded.
        strict: raise for any plugin that is broken, incompatible or a duplicate, and for any contested name.
        further: gives more plugins, told the names of those that are there already.
    """

    def __init__(
        self,
        *,
        discover: bool = True,
        disabled: Iterable[str] = (),
        strict: bool = False,
        further: Further | None = None,
    ) -> None:
        self._discover = discover
        self._disabled = tuple(disabled)
        self._strict = strict
        self._further = further
        self._given: list[Candidate] = []
        self._installed: Installation | None = None
        self._resolved: dict[str, ResolvedAction] = {}
        self._triggers: dict[str, TriggerBackend] = {}
        self._lock = RLock()

    @classmethod
    def from_settings(cls, settings: "Settings", further: "Further | None" = None) -> "PluginHost":
        """The host that the settings ask for."""
        plugins = settings.plugins
        return cls(discover=plugins.enabled, disabled=plugins.disable, strict=plugins.strict, further=further)

    def register(
        self, plugin: object, *, name: str = "", distribution: str = "", version: str = "", requires: Iterable[str] = ()
    ) -> None:
        """Add a plugin that no distribution announces: a module, or any object with hook methods.

        Raises:
            TreadleError: the host has been asked already.
        """
        if self._installed is not None:
            raise TreadleError("plugins must be registered before the host is first asked")
        title = name or _title(plugin)
        self._given.append(Candidate(title, distribution or title, version, lambda: plugin, tuple(requires)))

    # Records

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """All plugins: those in use in calling order, then the others by distribution and name."""
        return tuple(plugin.record for plugin in self._load(strict=False).plugins)

    def problems(self) -> tuple[str, ...]:
        """What a person should hear about the plugins, one sentence each; nothing when all is well."""
        records = self.records
        known = {name for record in records for name in (record.name, canonical_distribution(record.distribution))}
        absent = (
            name for name in self._disabled if self._discover and not {name, canonical_distribution(name)} & known
        )
        return (
            *(f"plugin {one.name} of {one.label} is {one.status}: {one.reason}" for one in records if one.faulty),
            *(f"plugin {one.name} of {one.label}: {one.reason}" for one in records if one.order and one.reason),
            *(_unknown_disabled(name, known) for name in absent),
        )

    # Actions

    def action_names(self) -> Sequence[str]:
        """The full names of all actions, `module/action`, sorted."""
        return sorted({item.value.name for item in self._contributions().actions})

    def action(self, name: str) -> Action | None:
        """An action by its full name or an alias, or None. Raises `TreadleError` when several claim the name."""
        found = self._contributions().actions.get(name)
        return found.value.action if found else None

    def canonical(self, name: str) -> str:
        """The full name of an action. Raises `TreadleError` as `resolve` does."""
        return self._load().action(name).value.name

    def provider(self, name: str) -> PluginRecord:
        """Who provides an action. Raises `TreadleError` as `resolve` does."""
        return self._load().action(name).record

    def action_inputs(self, name: str) -> "JsonObject | None":
        """The JSON Schema of an action's inputs; None when there is no such action or it cannot be imported."""
        found = self._contributions().actions.get(name)
        if found is not None and found.value.action.inputs is not None:
            return found.value.action.inputs
        resolved = self._importable(name)
        return resolved.input_schema if resolved else None

    def action_outputs(self, name: str) -> "JsonObject | None":
        """The JSON Schema of an action's outputs, or None where nothing is known of them."""
        found = self._contributions().actions.get(name)
        if found is not None and found.value.action.outputs is not None:
            return found.value.action.outputs
        resolved = self._importable(name)
        return resolved.output_schema if resolved else None

    def resolve(self, name: str) -> ResolvedAction:
        """Import an action.

        Raises:
            TreadleError: nobody provides it (the message has the `pip install` line, or the broken plugin that would
                have), several do, or its code cannot be imported. Exit code 2.
        """
        if name not in self._resolved:
            found = self._load().action(name)
            action = found.value.action
            function = (
                caller_of(action) if isinstance(action, CommandAction) else load_object(action.target, found.record)
            )
            self._resolved[name] = ResolvedAction(found.value.name, found.value.action, found.record, function)
        return self._resolved[name]

    def preview(self, name: str) -> Callable[..., Any] | None:
        """The function that tells what an action would do, or None when it has none."""
        found = self._load().action(name)
        target = found.value.action.preview
        return cast("Callable[..., Any]", load_object(target, found.record)) if target else None

    def rollback_types(self) -> Sequence[str]:
        """The types of all rollback actions, sorted."""
        return self._contributions().of(kinds.ROLLBACK_ACTIONS).names()

    def rollback_action(self, type: str) -> "RollbackAction | None":
        """A rollback action, or None. Raises `TreadleError` when several claim the type."""
        found = self._contributions().of(kinds.ROLLBACK_ACTIONS).get(type)
        return found.value if found else None

    def resolve_rollback(self, type: str) -> ResolvedAction:
        """Import a rollback action; it is called as an action is. Raises `TreadleError` as `resolve` does."""
        found = self._load().one(kinds.ROLLBACK_ACTIONS, type)
        function = load_object(found.value.target, found.record)
        return ResolvedAction(type, Action(type, found.value.target, found.value.summary), found.record, function)

    # What is missing

    def install_hint(self, name: str) -> str:
        """`pip install …` for an action of ours whose distribution is not installed, else ""."""
        return self._load().action_hint(name)

    def unavailable(self, name: str) -> str:
        """Why an action is missing although a plugin that is installed would have it, else ""."""
        return self._load().lost_action(name)

    # The other kinds, with who contributed them, in plugin order

    def triggers(self) -> tuple[Contributed["Trigger"], ...]:
        """All triggers."""
        return self._all(kinds.TRIGGERS)

    def trigger_types(self) -> Sequence[str]:
        """The types of all triggers, sorted."""
        return self._contributions().of(kinds.TRIGGERS).names()

    def trigger(self, type: str) -> "TriggerBackend":
        """The trigger of a type, made once. Raises `TreadleError` when nobody or several provide it."""
        if type not in self._triggers:
            found = self._load().one(kinds.TRIGGERS, type)
            self._triggers[type] = cast("TriggerBackend", load_object(found.value.target, found.record)())
        return self._triggers[type]

    def state_stores(self) -> tuple[Contributed["StateStore"], ...]:
        """All state stores."""
        return self._all(kinds.STATE_STORES)

    def state_store(self, scheme: str) -> Callable[[str, Mapping[str, "Json"]], "StoreBackend"]:
        """The class of the store for a URL's scheme; call it with the URL and options. Raises `TreadleError`."""
        found = self._load().one(kinds.STATE_STORES, scheme)
        return cast("Callable[[str, Mapping[str, Json]], StoreBackend]", load_object(found.value.target, found.record))

    def runtimes(self) -> tuple[Contributed["Runtime"], ...]:
        """All runtimes."""
        return self._all(kinds.RUNTIMES)

    def runtime(self, name: str) -> Any:
        """The class of a runtime. Raises `TreadleError` when nobody or several provide it."""
        found = self._load().one(kinds.RUNTIMES, name)
        return load_object(found.value.target, found.record)

    def commands(self) -> tuple[Contributed["Command"], ...]:
        """All subcommands."""
        return self._all(kinds.COMMANDS)

    def command(self, name: str) -> Any:
        """The Typer app of a subcommand, imported. Raises `TreadleError` when nobody or several provide it."""
        found = self._load().one(kinds.COMMANDS, name)
        return load_object(found.value.target, found.record)

    def schemas(self) -> Mapping[str, Callable[[], "Json"]]:
        """The JSON Schemas that plugins' commands bring, by name; imported when called."""
        return {
            name: lambda target=target, record=found.record: load_object(target, record)()  # type: ignore[misc]
            for found in self.commands()
            for name, target in found.value.schemas
        }

    def guide(self, command: str, level: str) -> str:
        """A command's help on a level; "" when it has none."""
        found = next((it for it in self.commands() if it.value.name == command), None)
        return str(load_object(found.value.guide, found.record)(level)) if found and found.value.guide else ""

    def definition_formats(self) -> tuple[Contributed["DefinitionFormat"], ...]:
        """All other dialects."""
        return self._all(kinds.DEFINITION_FORMATS)

    def dialect(self, name: str, head: str) -> LoadedDialect | None:
        """The format that takes a definition's file for its own, by its name and its first characters."""
        return dialect_of(name, head, self.definition_formats())

    def agents(self) -> tuple[Contributed["Agent"], ...]:
        """All agents."""
        return self._all(kinds.AGENTS)

    def agent(self, kind: str) -> Callable[[str, "JsonObject"], "AgentBackend"]:
        """The class of a kind of agents; call it with a name and settings. Raises `TreadleError`."""
        found = self._load().one(kinds.AGENTS, kind)
        return cast("Callable[[str, JsonObject], AgentBackend]", load_object(found.value.target, found.record))

    def template_sources(self) -> tuple[Contributed["TemplateSource"], ...]:
        """All template sources."""
        return self._all(kinds.TEMPLATE_SOURCES)

    def template_source(self, scheme: str) -> "TemplateBackend":
        """A template source, made. Raises `TreadleError` when nobody or several provide it."""
        found = self._load().one(kinds.TEMPLATE_SOURCES, scheme)
        return cast("TemplateBackend", load_object(found.value.target, found.record)())

    def conflict_resolvers(self) -> tuple[Contributed["ConflictResolver"], ...]:
        """All conflict resolvers."""
        return self._all(kinds.CONFLICT_RESOLVERS)

    def conflict_resolver(self, name: str) -> "MergeFunction":
        """What a conflict resolver calls. Raises `TreadleError` when nobody or several provide it."""
        found = self._load().one(kinds.CONFLICT_RESOLVERS, name)
        return cast("MergeFunction", load_object(found.value.target, found.record))

    def exporters(self) -> tuple[Contributed["Exporter"], ...]:
        """All exporters."""
        return self._all(kinds.EXPORTERS)

    def exporter(self, name: str) -> Callable[["JsonObject"], str]:
        """What an exporter calls, with a graph. Raises `TreadleError` when nobody or several provide it."""
        found = self._load().one(kinds.EXPORTERS, name)
        return cast("Callable[[JsonObject], str]", load_object(found.value.target, found.record))

    def report_formats(self) -> tuple[Contributed["ReportFormat"], ...]:
        """All forms of a report."""
        return self._all(kinds.REPORT_FORMATS)

    def report_format(self, name: str) -> Callable[["Host", str, str], str]:
        """What writes a report in a form. Raises `TreadleError` when nobody or several provide it."""
        found = self._load().one(kinds.REPORT_FORMATS, name)
        return cast("Callable[[Host, str, str], str]", load_object(found.value.target, found.record))

    def catalogues(self) -> tuple[Contributed["WorkflowCatalogue"], ...]:
        """All workflow catalogues."""
        return self._all(kinds.CATALOGUES)

    def workflow_files(self) -> tuple[CatalogueFile, ...]:
        """All definitions in catalogues, in plugin order: of one name the first counts.

        A catalogue that is damaged is left out; its plugin's record says so.
        """
        return tuple(file for item in self.catalogues() for file in self._files(item))

    # Hooks that are told something

    def listeners(self) -> Sequence[tuple[PluginRecord, "EventListener"]]:
        """Who wants to see events (`treadle_on_event`), in calling order."""
        return self._load().listeners()

    def before_composition(self, request: "CompositionRequest") -> None:
        """Ask every plugin; one that raises refuses the composition: `TreadleError` is passed on as it is."""
        for plugin in self._load().implementing("treadle_before_composition"):
            try:
                self._load().call(plugin, "treadle_before_composition", request=request)
            except TreadleError:
                raise
            except Exception as error:
                reason = f"plugin {plugin.record.name} of {plugin.record.label} failed before it: {describe(error)}"
                raise TreadleError(f"the composition was not started; {reason}") from error

    def on_conflict(self, conflict: "Conflict") -> "Resolution | None":
        """The first answer to a conflict; a plugin that raises is taken out and the next one asked."""
        for plugin in self._load().implementing("treadle_on_conflict"):
            try:
                answer = self._load().call(plugin, "treadle_on_conflict", conflict=conflict)
            except Exception as error:  # noqa: BLE001 - another plugin may know the answer
                plugin.fail(f"treadle_on_conflict failed: {describe(error)}")
                continue
            if answer is not None:
                return cast("Resolution", answer)
        return None

    def after_setup(self, result: "CompositionResult") -> None:
        """Tell every plugin; one that raises is taken out, the others are told all the same."""
        for plugin in self._load().implementing("treadle_after_setup"):
            try:
                self._load().call(plugin, "treadle_after_setup", result=result)
            except Exception as error:  # noqa: BLE001 - the project stands already
                plugin.fail(f"treadle_after_setup failed: {describe(error)}")

    # Loading

    def _load(self, *, strict: bool = True) -> Installation:
        with self._lock:
            if self._installed is None:
                self._installed = install(self._candidates(), self._disabled)
        if strict and self._strict:
            self._installed.insist()
        return self._installed

    def _candidates(self) -> list[Candidate]:
        found = [builtin(), *(discover() if self._discover else ()), *self._given]
        if self._further is not None:
            found += self._further([one.name for one in found])
        return found

    def _contributions(self) -> Contributions:
        return self._load().contributions

    def _all(self, kind: kinds.Kind[T]) -> tuple[Contributed[T], ...]:
        return tuple(self._contributions().of(kind))

    def _importable(self, name: str) -> ResolvedAction | None:
        try:
            resolved = self.resolve(name)
            _ = resolved.signature
        except TreadleError:
            return None
        return resolved

    def _files(self, item: Contributed["WorkflowCatalogue"]) -> Sequence[CatalogueFile]:
        try:
            return catalogue_files(item)
        except TreadleError as error:
            self._load().plugin(item.record.name).note(error.message)
            return ()


def _title(plugin: object) -> str:
    """`acme` for the module `acme.plugin`, for another object its class's name."""
    return str(getattr(plugin, "__name__", type(plugin).__name__)).removesuffix(".plugin").rpartition(".")[2]


def _unknown_disabled(name: str, known: Iterable[str]) -> str:
    meant = closest(name, known)
    return f"{name} is switched off but not installed" + (f"; did you mean `{meant}`?" if meant else "")
