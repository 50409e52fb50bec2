"""Hooks of each plugin are checked when it is registered and called on their own."""

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, TypeAlias

import pytest
from treadle.plugins import PluginHost, PluginRecord
from treadle_hookspecs import (
    Action,
    CompositionRequest,
    CompositionResult,
    Conflict,
    Event,
    Module,
    Resolution,
    TreadleError,
    Trigger,
    hookimpl,
)

Site: TypeAlias = Any
"""`conftest.Site`: test modules cannot import it."""

EVENT = Event(1, "x", "execution_started", 0)


def record_of(host: PluginHost, name: str) -> PluginRecord:
    return next(record for record in host.records if record.name == name)


def host_of(**plugins: object) -> PluginHost:
    host = PluginHost(discover=False)
    for name, plugin in plugins.items():
        host.register(plugin, name=name, distribution=f"acme-{name}", version="1.0")
    return host


def plugin(**hooks: Callable[..., object]) -> ModuleType:
    made = ModuleType("made_for_a_test")
    vars(made).update({name: hookimpl(hook) for name, hook in hooks.items()})
    return made


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("@hookimpl\ndef treadle_module(): ...", "did you mean `treadle_modules`?"),
        ("@hookimpl\ndef treadle_quux_frobnicate(): ...", "there is no hook treadle_quux_frobnicate"),
        ("def treadle_triggers(): ...", "treadle_triggers is not marked with @hookimpl"),
        ("def treadle_triger(): ...", "did you mean `treadle_triggers`?"),
        ("@hookimpl\ndef treadle_on_event(evnt): ...", "evnt"),
        ("@hookimpl(wrapper=True)\ndef treadle_modules():\n    return (yield)", "PRIORITY"),
        ("@hookimpl(tryfirst=True)\ndef treadle_modules(): ...", "PRIORITY"),
        ("@hookimpl(specname='treadle_modulez')\ndef give(): ...", "did you mean `treadle_modules`?"),
    ],
)
def test_a_hook_that_does_not_fit_is_reported(site: Site, source: str, reason: str) -> None:
    site.add("acme-odd", f"from treadle_hookspecs import hookimpl\n{source}", name="odd")
    record = record_of(PluginHost(), "odd")
    assert record.status == "broken"
    assert reason in record.reason


@pytest.mark.parametrize(
    "source",
    [
        "@hookimpl(optionalhook=True)\ndef treadle_of_a_later_version(): ...",
        "def treadle_home(): ...",
        "@hookimpl(specname='treadle_modules')\ndef give(): return []",
        "@hookimpl\ndef treadle_on_event(): ...",
    ],
)
def test_what_is_no_mistake_is_not_reported(site: Site, source: str) -> None:
    site.add("acme-fine", f"from treadle_hookspecs import hookimpl\n{source}", name="fine")
    assert record_of(PluginHost(), "fine").status == "active"


def test_a_hook_that_raises_breaks_its_plugin_and_no_other() -> None:
    def fails() -> object:
        yield Trigger("half", "acme.trigger:Half")
        raise ValueError("the second half is missing")

    good = plugin(treadle_triggers=lambda: [Trigger("mail", "acme.mail:Mail")])
    bad = plugin(treadle_triggers=fails, treadle_modules=lambda: [Module("mod", "1", (Action("act", "a:b"),))])
    host = host_of(bad=bad, good=good)
    assert set(host.trigger_types()) == {"cli", "event", "mail"}
    assert host.action("mod/act") is None, "nothing of a broken plugin is used"
    record = record_of(host, "bad")
    assert record.status == "broken"
    assert record.reason == "treadle_triggers: it failed: ValueError: the second half is missing"
    assert "acme-bad" in host.unavailable("mod/act"), "but what is missing because of it is known"


def test_a_hook_that_exits_breaks_its_plugin_only() -> None:
    def leaves() -> object:
        raise SystemExit(0)

    host = host_of(bad=plugin(treadle_commands=leaves))
    assert host.commands() == ()
    assert record_of(host, "bad").reason == "treadle_commands: it failed: SystemExit: 0"


@pytest.mark.parametrize(
    ("hook", "items", "reason"),
    [
        ("treadle_modules", ["git"], "it gave a str, not a Module"),
        ("treadle_modules", [Module("Git", "1", ())], "lower-case"),
        ("treadle_modules", [Module("git", "1", (Action("Go", "a:b"),))], "git/Go"),
        ("treadle_modules", [Module("git", "1", (Action("go", "a.b.c"),))], "import string"),
        ("treadle_modules", [Module("git", "1", (Action("go", "a:b", preview="nope"),))], "'nope'"),
        ("treadle_modules", [Module("git", "1", (Action("go", "a:b"), Action("go", "a:c")))], "named twice"),
        ("treadle_modules", [Module("git", "1", (Action("go", "a:b", aliases=("git/go",)),))], "named twice"),
        ("treadle_triggers", [Trigger("t", "a:b"), Trigger("t", "a:c")], "given twice"),
        ("treadle_triggers", [Trigger("t", "os.system('rm')")], "import string"),
        ("treadle_triggers", 7, "TypeError"),
        ("treadle_triggers", [Trigger(7, "a:b")], "TypeError"),  # type: ignore[arg-type]
        ("treadle_modules", [Module("git", "1", (Action("go", "a:b", aliases="xy"),))], "`aliases` is not a tuple"),  # type: ignore[arg-type]
        (
            "treadle_modules",
            [Module("git", "1", (Action("go", "a:b", inputs={"x": "str"}),))],
            "JSON Schema of type object",
        ),
        ("treadle_modules", [Module("git", "1", ("go",))], "AttributeError"),  # type: ignore[arg-type]
    ],
)
def test_what_a_hook_yields_is_checked(hook: str, items: object, reason: str) -> None:
    record = record_of(host_of(odd=plugin(**{hook: lambda: items})), "odd")
    assert record.status == "broken"
    assert hook in record.reason
    assert reason in record.reason


def test_hooks_are_called_once_and_a_plugins_in_one_go() -> None:
    calls: list[str] = []

    def note(text: str) -> Callable[[], object]:
        def hook() -> list[object]:
            calls.append(text)
            return []

        return hook

    first = plugin(treadle_modules=note("a modules"), treadle_triggers=note("a triggers"))
    second = plugin(treadle_modules=note("b modules"), treadle_runtimes=note("b runtimes"))
    host = host_of(a=first, b=second)
    assert calls == []
    for _ in range(2):
        host.action_names()
        host.triggers()
        host.runtimes()
    assert calls == ["a modules", "a triggers", "b modules", "b runtimes"]


def test_everything_contributed_has_its_provenance() -> None:
    host = host_of(mail=plugin(treadle_triggers=lambda: [Trigger("mail", "acme.mail:Mail")]))
    (found,) = [item for item in host.triggers() if item.value.type == "mail"]
    assert (found.record.name, found.record.distribution, found.record.version) == ("mail", "acme-mail", "1.0")


def test_a_contested_name_is_an_error_for_those_who_use_it() -> None:
    def claim(target: str) -> object:
        actions = (Action("go", target, aliases=("run_it",)), Action(target.partition(":")[2], target))
        return plugin(treadle_modules=lambda: [Module("shared", "1", actions)])

    host = host_of(one=claim("json:dumps"), two=claim("json:loads"))
    assert host.resolve("shared/dumps").name == "shared/dumps", "the others of both are fine"
    for name in ("shared/go", "run_it"):
        with pytest.raises(TreadleError, match="acme-one and acme-two"):
            host.action(name)
    assert all("acme-one and acme-two" in record_of(host, name).reason for name in ("one", "two"))
    assert all(record_of(host, name).status == "active" for name in ("one", "two"))
    assert "shared/go" in host.action_names()


def test_strict_mode_raises_for_a_contested_name() -> None:
    host = PluginHost(discover=False, strict=True)
    for name in ("one", "two"):
        host.register(plugin(treadle_triggers=lambda: [Trigger("mail", "a:b")]), name=name, distribution=f"acme-{name}")
    with pytest.raises(TreadleError, match="trigger mail is offered by acme-one and acme-two"):
        host.trigger_types()


def test_listeners_are_functions_of_the_event_in_order() -> None:
    seen: list[object] = []
    full = plugin(treadle_on_event=lambda event: seen.append(event.type))
    brief = plugin(treadle_on_event=lambda: seen.append("brief"))
    host = host_of(full=full, brief=brief, none=plugin(treadle_modules=lambda: iter(())))
    listeners = host.listeners()
    assert [record.name for record, _ in listeners] == ["brief", "full"]
    for _, listener in listeners:
        listener(EVENT)
    assert seen == ["brief", "execution_started"]
    assert "hook treadle_on_event" in record_of(host, "full").provides


def test_a_composition_is_refused_by_whoever_raises(tmp_path: object) -> None:
    request = CompositionRequest(("a",), target=None)  # type: ignore[arg-type]
    told: list[str] = []

    def refuse() -> None:
        raise TreadleError("not on my watch")

    def stumble() -> None:
        raise ValueError("oops")

    host_of(
        polite=plugin(treadle_before_composition=lambda request: told.append(request.templates[0]))
    ).before_composition(request)
    assert told == ["a"]
    with pytest.raises(TreadleError, match="not on my watch"):
        host_of(guard=plugin(treadle_before_composition=refuse)).before_composition(request)
    with pytest.raises(TreadleError, match=r"acme-bad.*oops"):
        host_of(bad=plugin(treadle_before_composition=stumble)).before_composition(request)


def test_the_first_answer_to_a_conflict_counts_and_a_broken_plugin_is_passed_over() -> None:
    def stumble() -> None:
        raise ValueError("oops")

    def answer(conflict: Conflict) -> Resolution | None:
        return Resolution("first") if conflict.path == "LICENSE" else None

    host = host_of(
        a=plugin(treadle_on_conflict=stumble),
        b=plugin(treadle_on_conflict=lambda: None),
        c=plugin(treadle_on_conflict=answer),
        d=plugin(treadle_on_conflict=lambda: Resolution("too late")),
    )
    assert host.on_conflict(Conflict("file", "LICENSE")) == Resolution("first")
    assert record_of(host, "a").reason == "treadle_on_conflict failed: ValueError: oops"
    assert host.on_conflict(Conflict("file", "README")) == Resolution("too late")


def test_after_setup_tells_everybody_whoever_raises() -> None:
    told: list[str] = []

    def stumble() -> None:
        raise ValueError("oops")

    host = host_of(
        a=plugin(treadle_after_setup=stumble),
        b=plugin(treadle_after_setup=lambda result: told.append(result.written[0])),
    )
    host.after_setup(CompositionResult(target=None, written=("x",)))  # type: ignore[arg-type]
    assert told == ["x"]
    assert record_of(host, "a").status == "broken"


def test_registering_after_the_host_was_asked_is_an_error() -> None:
    host = host_of()
    host.action_names()
    with pytest.raises(TreadleError, match="before the host is first asked"):
        host.register(plugin())


class Nasty:
    """Everything about it raises."""

    @property
    def treadle_modules(self) -> object:
        raise ValueError("looked at")

    def __getattr__(self, name: str) -> object:
        raise ValueError(name)


class SilentError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def failing() -> object:
    raise SilentError


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (SimpleNamespace, "unhashable"),
        (Nasty, "ValueError: PRIORITY"),
        (lambda: plugin(treadle_modules=failing), "SilentError"),
    ],
)
def test_an_object_that_cannot_be_a_plugin_breaks_only_itself(odd: Callable[[], object], reason: str) -> None:
    host = host_of(odd=odd(), good=plugin(treadle_triggers=lambda: [Trigger("mail", "a:b")]))
    assert reason in record_of(host, "odd").reason
    assert "mail" in host.trigger_types()


def test_a_plugin_that_broke_in_a_hook_leaves_no_gap_in_the_order() -> None:
    host = host_of(a=plugin(treadle_modules=failing), b=plugin(treadle_triggers=lambda: iter(())))
    assert [(record.name, record.order) for record in host.records] == [("b", 1), ("builtin", 2), ("a", 0)]
