"""From candidates to plugins: judged by their metadata, imported and registered each on its own."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import getattr_static
from typing import Any, Final

import pluggy
import treadle_hookspecs._hooks as specifications
from treadle_hookspecs import API_VERSION, PROJECT

from treadle.plugins._compatibility import canonical_distribution, conflict
from treadle.plugins._discovery import Candidate
from treadle.plugins._imports import describe, foreign_code
from treadle.plugins._records import PluginRecord, PluginStatus
from treadle.suggestions import closest

HOOK_PREFIX: Final = "treadle_"
BUILTIN: Final = ("builtin", "treadle-core")
"""Name and distribution of the core's own plugin: nobody else gets that name, and it cannot be switched off."""


@dataclass(slots=True)
class Plugin:
    """A plugin while it is being loaded and asked. Its record changes, a record itself never does."""

    record: PluginRecord
    module: object | None = None
    gave: dict[str, list[Any]] = field(default_factory=dict)
    """Items by hook, also of a plugin that broke afterwards: they tell what is missing because of it."""

    @property
    def active(self) -> bool:
        """True while it takes part."""
        return self.record.status == "active"

    def fail(self, reason: str, status: PluginStatus = "broken") -> None:
        """Take it out, and say why."""
        self.record = replace(self.record, status=status, reason=reason, order=0)

    def note(self, text: str) -> None:
        """Say something about it that does not take it out."""
        if text not in self.record.reason:
            self.record = replace(self.record, reason="; ".join(filter(None, (self.record.reason, text))))


def new_manager() -> pluggy.PluginManager:
    """A pluggy manager that knows the hooks of `treadle_hookspecs`."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specifications)
    return manager


def hook_names() -> tuple[str, ...]:
    """Every hook there is."""
    return tuple(name for name in vars(specifications) if name.startswith(HOOK_PREFIX))


def load(manager: pluggy.PluginManager, candidates: Sequence[Candidate], disabled: frozenset[str]) -> list[Plugin]:
    """Import and register what may be; every candidate gives one plugin, those in use first and in calling order."""
    judged = _judge(candidates, disabled)
    for plugin, candidate in judged:
        if plugin.active:
            _import(plugin, candidate)
    plugins = sorted((plugin for plugin, _ in judged), key=_position)
    for plugin in reversed(plugins):  # pluggy calls the last one registered first
        if plugin.active:
            _register(manager, plugin)
    return plugins


def _position(plugin: Plugin) -> tuple[bool, int, str, str]:
    record = plugin.record
    return (not plugin.active, -record.priority, canonical_distribution(record.distribution), record.name)


def settle(plugins: list[Plugin]) -> None:
    """Put those out of use last, and number the others."""
    plugins.sort(key=lambda plugin: not plugin.active)
    for order, plugin in enumerate(plugins, 1):
        plugin.record = replace(plugin.record, order=order if plugin.active else 0)


def _judge(candidates: Sequence[Candidate], disabled: frozenset[str]) -> list[tuple[Plugin, Candidate]]:
    judged = [(Plugin(PluginRecord(one.name, one.distribution, one.version)), one) for one in candidates]
    for plugin, candidate in judged:
        _judge_alone(plugin, candidate, disabled)
    _refuse_duplicates([plugin for plugin, _ in judged if plugin.record.status != "blocked"])
    return judged


def _judge_alone(plugin: Plugin, candidate: Candidate, disabled: frozenset[str]) -> None:
    names = {candidate.name, canonical_distribution(candidate.distribution)}
    if names & disabled and (candidate.name, candidate.distribution) != BUILTIN:
        plugin.fail("switched off by TREADLE_DISABLE or the setting plugins.disable", "blocked")
    elif candidate.problem:
        plugin.fail(candidate.problem)
    else:
        _judge_requirement(plugin, candidate)


def _judge_requirement(plugin: Plugin, candidate: Candidate) -> None:
    try:
        unmet = conflict(candidate.requires, API_VERSION)
    except ValueError as error:
        plugin.fail(f"its requirement on treadle-hookspecs cannot be read: {describe(error)}")
        return
    if unmet:
        reason = f"it needs {unmet}, but treadle-hookspecs {API_VERSION} is here; upgrade {candidate.distribution}"
        plugin.fail(f"{reason} or treadle", "incompatible")


def _refuse_duplicates(plugins: Sequence[Plugin]) -> None:
    """Of two with one name neither is loaded: which one is meant is not ours to guess."""
    counts = Counter(plugin.record.name for plugin in plugins)
    for name in (name for name, count in counts.items() if count > 1):
        rivals = [plugin for plugin in plugins if plugin.record.name == name]
        listed = " and ".join(plugin.record.distribution for plugin in rivals)
        for plugin in rivals:
            if (name, plugin.record.distribution) != BUILTIN:
                plugin.fail(
                    f"{listed} both have a plugin named {name}; uninstall one, or switch one off with "
                    f"TREADLE_DISABLE={plugin.record.distribution}",
                    "duplicate",
                )


def _import(plugin: Plugin, candidate: Candidate) -> None:
    try:
        with foreign_code(f"importing the plugin {candidate.name} of {candidate.distribution}"):
            plugin.module = candidate.load()
            _check_module(plugin, plugin.module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may end in any way, SystemExit included
        plugin.fail(f"its import failed: {describe(error)}")


def _check_module(plugin: Plugin, module: object) -> None:
    hash(module)  # pluggy keeps plugins in sets
    priority = getattr(module, "PRIORITY", 0)
    if type(priority) is not int:
        plugin.fail(f"its PRIORITY is {priority!r}, not an integer")
        return
    plugin.record = replace(plugin.record, priority=priority)
    problems = [problem for name, item in _functions(module) if (problem := _hook_problem(name, item))]
    if problems:
        plugin.fail("; ".join(problems))


def _functions(module: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """What may be meant as a hook; looked at without running properties."""
    for name in dir(module):
        static = getattr_static(module, name, None)
        item = getattr(static, "__func__", static)
        if callable(item) and (name.startswith(HOOK_PREFIX) or _options(item) is not None):
            yield name, item


def _options(item: object) -> Mapping[str, Any] | None:
    options = getattr(item, f"{PROJECT}_impl", None)
    return options if isinstance(options, Mapping) else None


def _hook_problem(name: str, item: Callable[..., object]) -> str:
    options = _options(item)
    if options is None:
        return _unmarked_problem(name)
    hook = options.get("specname") or name
    if hook not in hook_names() and not options.get("optionalhook"):
        return f"there is no hook {hook}{_meant_hook(hook)}"
    special = [key for key in ("wrapper", "hookwrapper", "tryfirst", "trylast") if options.get(key)]
    return f"{name}: {special[0]} is not supported; the order is set by the module's PRIORITY" if special else ""


def _unmarked_problem(name: str) -> str:
    if name in hook_names():
        return f"{name} is not marked with @hookimpl"
    hint = _meant_hook(name)
    return f"there is no hook {name}{hint}" if hint else ""


def _meant_hook(name: str) -> str:
    """`; did you mean …?`, judged by what follows the prefix that all hooks share."""
    found = closest(name.removeprefix(HOOK_PREFIX), [one.removeprefix(HOOK_PREFIX) for one in hook_names()])
    return f"; did you mean `{HOOK_PREFIX}{found}`?" if found else ""


def _register(manager: pluggy.PluginManager, plugin: Plugin) -> None:
    try:
        manager.register(plugin.module, plugin.record.name)
    except Exception as error:  # noqa: BLE001 - pluggy's own errors, and what odd objects raise when looked at
        plugin.fail(f"its hooks do not fit: {describe(error)}")
