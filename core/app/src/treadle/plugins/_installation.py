"""The plugins once they are loaded: looked up, called, and what to say when something is missing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy
from treadle_hookspecs import TreadleError

from treadle.plugins._collection import Contributions, NamedAction
from treadle.plugins._compatibility import canonical_distribution
from treadle.plugins._discovery import Candidate, installed_version
from treadle.plugins._imports import foreign_code
from treadle.plugins._kinds import Kind
from treadle.plugins._known import distribution_for, distribution_for_action, pip_line
from treadle.plugins._loading import BUILTIN, Plugin, load, new_manager
from treadle.plugins._records import Contributed, PluginRecord
from treadle.plugins._registry import Registry
from treadle.suggestions import did_you_mean

if TYPE_CHECKING:
    from treadle_hookspecs import EventListener

T = TypeVar("T")


def builtin() -> Candidate:
    """The core's own contributions, a plugin like any other."""

    def load_builtin() -> object:
        from treadle import builtin as module

        return module

    name, distribution = BUILTIN
    return Candidate(name, distribution, installed_version(distribution), load_builtin)


def install(candidates: Sequence[Candidate], disabled: Iterable[str]) -> "Installation":
    """Load the candidates and collect what they contribute."""
    manager = new_manager()
    names = frozenset(name for one in disabled for name in (one, canonical_distribution(one)))
    plugins = load(manager, candidates, names)
    return Installation(manager, plugins, Contributions(manager, plugins))


@dataclass(frozen=True, slots=True)
class Installation:
    """Plugins in calling order, the unused ones last, and what they contributed."""

    manager: pluggy.PluginManager
    plugins: Sequence[Plugin]
    contributions: Contributions

    def insist(self) -> None:
        """Strict mode. Raises `TreadleError` when a plugin is at fault or a name contested."""
        records = [one.record for one in self.plugins if one.record.faulty or (one.active and one.record.reason)]
        if records:
            raise TreadleError(
                "; ".join(f"plugin {one.name} of {one.label}: {one.reason}" for one in records),
                context={"plugins": [one.name for one in records]},
                suggestions=("TREADLE_PLUGINS_STRICT=0 goes on without them",),
            )

    # Looking up

    def plugin(self, name: str) -> Plugin:
        """The plugin in use that has the name."""
        return next(one for one in self.plugins if one.record.name == name and one.record.order)

    def action(self, name: str) -> Contributed[NamedAction]:
        """An action. Raises `TreadleError` when nobody or several provide it."""
        found = self.contributions.actions.get(name)
        if found is None:
            actions = self.contributions.actions
            raise _missing(
                actions, name, self.lost_action(name), _run(self.action_hint(name)) or _beside(name, actions.names())
            )
        return found

    def one(self, kind: Kind[T], name: str) -> Contributed[T]:
        """A contribution of a kind. Raises `TreadleError` when nobody or several provide it."""
        registry = self.contributions.of(kind)
        found = registry.get(name)
        if found is None:
            distribution = distribution_for(kind.label, name)
            lost = self._lost(f"{kind.label} {name}", {name, f"treadle-{name}", distribution})
            raise _missing(registry, name, lost, _run(self._hint(distribution)))
        return found

    # What is missing

    def action_hint(self, name: str) -> str:
        """`pip install …` for an action of ours whose distribution is not installed, else ""."""
        return self._hint(distribution_for_action(name))

    def lost_action(self, name: str) -> str:
        """Why an action is missing although an installed plugin would have it, else ""."""
        module = name.partition("/")[0]
        return self._lost(f"action {name}", {module, f"treadle-{module}", distribution_for_action(name)})

    def _hint(self, distribution: str) -> str:
        installed = {canonical_distribution(one.record.distribution) for one in self.plugins}
        return "" if distribution in installed else pip_line(distribution)

    def _lost(self, what: str, brought_by: set[str]) -> str:
        for plugin in self.plugins:
            record = plugin.record
            names = {record.name, canonical_distribution(record.distribution)}
            if not plugin.active and (what in record.provides or names & brought_by):
                return f"{record.label} is installed but {record.status}: {record.reason}"
        return ""

    # Calling

    def implementing(self, hook: str) -> Sequence[Plugin]:
        """The plugins in use that have a hook, in calling order."""
        return [one for one in self.plugins if one.active and f"hook {hook}" in one.record.provides]

    def call(self, plugin: Plugin, hook: str, **arguments: object) -> Any:
        """Call a hook of one plugin. Raises what it raises."""
        others = [other for other in self.manager.get_plugins() if other is not plugin.module]
        with foreign_code(f"calling {hook} of {plugin.record.distribution}"):
            return self.manager.subset_hook_caller(hook, others)(**arguments)

    def listeners(self) -> "list[tuple[PluginRecord, EventListener]]":
        """The functions behind `treadle_on_event`, called without pluggy's detour: they see every event."""
        functions = {
            one.plugin_name: (one.function, bool(one.argnames))
            for one in self.manager.hook.treadle_on_event.get_hookimpls()
        }
        return [(one.record, _listener(*functions[one.record.name])) for one in self.implementing("treadle_on_event")]


def _listener(function: Callable[..., object], takes_event: bool) -> "EventListener":
    """A hook may leave out arguments that it does not need."""
    return cast("EventListener", function) if takes_event else lambda _: (function(), None)[1]


def _run(line: str) -> str:
    return f"run: {line}" if line else ""


def _beside(name: str, names: Iterable[str]) -> str:
    """What the module of a missing action does have."""
    module, slash, _ = name.partition("/")
    others = [one.removeprefix(f"{module}/") for one in names if slash and one.startswith(f"{module}/")]
    return f"{module} has {', '.join(others)}" if others else ""


def _missing(registry: Registry[Any], name: str, lost: str, hint: str) -> TreadleError:
    meant = did_you_mean(name, registry.names())
    suggestions = [one for one in (meant, hint) if one]
    return TreadleError(
        f"no plugin provides the {registry.label} `{name}`" + (f"; {lost}" if lost else ""),
        context={"name": name},
        suggestions=tuple(suggestions) or ("see what is installed: treadle plugins",),
    )
