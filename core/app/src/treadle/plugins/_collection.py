"""What the plugins contribute: each asked on its own, checked, and entered under its names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import pluggy
from treadle_hookspecs import Action, Module

from treadle.plugins._imports import describe, foreign_code
from treadle.plugins._kinds import CATALOGUES, KINDS, MODULES, Kind, module_problems
from treadle.plugins._loading import Plugin, hook_names, settle
from treadle.plugins._records import Contributed
from treadle.plugins._registry import Registry

T = TypeVar("T")

REGISTERING = tuple(kind.hook for kind in KINDS)


@dataclass(frozen=True, slots=True)
class NamedAction:
    """An action under its full name, `module/name`."""

    name: str
    action: Action


class Contributions:
    """Everything that active plugins contributed, by kind and name."""

    def __init__(self, manager: pluggy.PluginManager, plugins: list[Plugin]) -> None:
        self._registries: dict[str, Registry[Any]] = {kind.hook: Registry(kind.label) for kind in KINDS}
        self.actions: Registry[NamedAction] = Registry("action")
        for plugin in plugins:
            if plugin.active:
                _ask(manager, plugin)
        settle(plugins)
        for plugin in plugins:
            _describe_plugin(manager, plugin)
            if plugin.active:
                self._enter(plugin)
        self._report_contested(plugins)

    def of(self, kind: Kind[T]) -> Registry[T]:
        """The registry of a kind."""
        return cast("Registry[T]", self._registries[kind.hook])

    def _enter(self, plugin: Plugin) -> None:
        for kind in KINDS:
            for item in plugin.gave.get(kind.hook, ()):
                self._registries[kind.hook].add(kind.name(item), Contributed(plugin.record, item))
        for module in plugin.gave.get(MODULES.hook, ()):
            for name, named in module_actions(module):
                self.actions.add(name, Contributed(plugin.record, named))

    def _report_contested(self, plugins: Sequence[Plugin]) -> None:
        """A contested name stands in the records of all who claim it."""
        by_name = {plugin.record.name: plugin for plugin in plugins if plugin.active}
        for registry in (self.actions, *(self._registries[kind.hook] for kind in KINDS if kind is not MODULES)):
            for name, claims in registry.contested():
                rivals = " and ".join(claim.record.distribution for claim in claims)
                for claim in claims:
                    by_name[claim.record.name].note(f"{registry.label} {name} is offered by {rivals}")


def module_actions(module: Module) -> Iterator[tuple[str, NamedAction]]:
    """Every name of a module's actions, aliases included."""
    for action in module.actions:
        named = NamedAction(f"{module.name}/{action.name}", action)
        yield from ((name, named) for name in (named.name, *action.aliases))


def _ask(manager: pluggy.PluginManager, plugin: Plugin) -> None:
    """Call all registering hooks of one plugin; one that raises or yields something else takes the plugin out."""
    others = [other for other in manager.get_plugins() if other is not plugin.module]
    implemented = _implemented(manager, plugin)
    for kind in KINDS:
        if kind.hook not in implemented:
            continue
        try:
            with foreign_code(f"calling {kind.hook} of {plugin.record.distribution}"):
                results = manager.subset_hook_caller(kind.hook, others)()
                items = [item for result in results for item in result]
                problem = next(_problems(kind, items), "")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may end in any way, SystemExit included
            problem = f"it failed: {describe(error)}"
        if problem:
            plugin.fail(f"{kind.hook}: {problem}")
            return
        plugin.gave[kind.hook] = items


def _problems(kind: Kind[Any], items: Sequence[object]) -> Iterator[str]:
    names: set[str] = set()
    for item in items:
        if not isinstance(item, kind.type):
            yield f"it gave a {type(item).__name__}, not a {kind.type.__name__}"
            continue
        yield from kind.problems(item)
        if isinstance(item, Module):
            yield from module_problems(item)
        if kind.name(item) in names:
            yield f"{kind.label} {kind.name(item)} is given twice"
        names.add(kind.name(item))


def _describe_plugin(manager: pluggy.PluginManager, plugin: Plugin) -> None:
    provides = tuple(
        label for kind in KINDS for item in plugin.gave.get(kind.hook, ()) for label in _labels(kind, item)
    )
    plugin.record = replace(plugin.record, provides=(*provides, *_other_hooks(manager, plugin)))


def _labels(kind: Kind[T], item: T) -> tuple[str, ...]:
    if isinstance(item, Module):
        return tuple(f"action {item.name}/{action.name}" for action in item.actions)
    label = "workflows" if kind is CATALOGUES else kind.label
    return (f"{label} {kind.name(item)}",)


def _other_hooks(manager: pluggy.PluginManager, plugin: Plugin) -> Iterator[str]:
    """Hooks that register nothing, e.g. `treadle_on_event`."""
    if not plugin.active:
        return
    implemented = _implemented(manager, plugin)
    yield from (f"hook {name}" for name in hook_names() if name in implemented and name not in REGISTERING)


def _implemented(manager: pluggy.PluginManager, plugin: Plugin) -> set[str]:
    return {caller.name for caller in manager.get_hookcallers(plugin.module) or ()}
