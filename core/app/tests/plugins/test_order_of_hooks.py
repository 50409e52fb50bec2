"""The whole order of hooks in one run, of two plugins that implement them all."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from treadle.plugins import PluginHost
from treadle_hookspecs import CompositionRequest, CompositionResult, Conflict, Event, hookimpl
from treadle_hookspecs import _hooks as specifications

NAMES = [name for name in vars(specifications) if name.startswith("treadle_")]

REGISTERING = [
    "treadle_modules",
    "treadle_triggers",
    "treadle_rollback_actions",
    "treadle_commands",
    "treadle_definition_formats",
    "treadle_workflows",
    "treadle_state_stores",
    "treadle_runtimes",
    "treadle_agents",
    "treadle_template_sources",
    "treadle_conflict_resolvers",
    "treadle_exporters",
    "treadle_report_formats",
]


def recording(title: str, calls: list[str], priority: int) -> ModuleType:
    """A plugin that implements every hook and notes each call."""

    def noting(name: str) -> Callable[[], None]:
        return lambda: calls.append(f"{title} {name}")

    made = ModuleType(title)
    vars(made).update({name: hookimpl(noting(name)) for name in NAMES}, PRIORITY=priority)
    return made


def test_hooks_are_called_in_this_order_in_one_run() -> None:
    calls: list[str] = []
    host = PluginHost(discover=False, strict=True)
    host.register(recording("second", calls, 0), name="second", distribution="acme-a")
    host.register(recording("first", calls, 5), name="first", distribution="acme-b")

    host.commands()  # the command line is read
    host.definition_formats()  # a definition is loaded
    host.action_names()
    host.before_composition(CompositionRequest((), Path("x")))
    host.on_conflict(Conflict("file", "LICENSE"))
    host.after_setup(CompositionResult(Path("x")))
    for _, listener in host.listeners():
        listener(Event(1, "x", "execution_started", 0))

    told = ["treadle_before_composition", "treadle_on_conflict", "treadle_after_setup", "treadle_on_event"]
    assert calls == [
        *(f"first {name}" for name in REGISTERING),
        *(f"second {name}" for name in REGISTERING),
        *(f"{plugin} {name}" for name in told for plugin in ("first", "second")),
    ]
    assert sorted(REGISTERING + told) == sorted(NAMES), "a hook that the host never calls"
