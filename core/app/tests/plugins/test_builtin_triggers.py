"""The core's own triggers, reached through the host as any plugin's."""

import pytest
from treadle.plugins import PluginHost
from treadle_hookspecs import JsonObject, TreadleError, TriggerBackend, TriggerEvent


@pytest.fixture
def host() -> PluginHost:
    return PluginHost(discover=False)


@pytest.fixture
def cli(host: PluginHost) -> TriggerBackend:
    return host.trigger("cli")


@pytest.fixture
def event(host: PluginHost) -> TriggerBackend:
    return host.trigger("event")


PUSHED = TriggerEvent("event", "pushed", {"branch": "main", "files": 3})


@pytest.mark.parametrize(
    ("spec", "name", "matches"),
    [
        ({}, "release", True),
        ({"command": "release"}, "release", True),
        ({"command": "release"}, "deploy", False),
    ],
)
def test_the_command_line_starts_what_is_named(cli: TriggerBackend, spec: JsonObject, name: str, matches: bool) -> None:
    assert cli.matches(spec, TriggerEvent("cli", name)) is matches
    assert cli.matches(spec, TriggerEvent("event", name)) is False


def test_the_command_lines_inputs_are_what_was_given(cli: TriggerBackend) -> None:
    assert cli.inputs({}, TriggerEvent("cli", "x", {"feature": "a"})) == {"feature": "a"}


@pytest.mark.parametrize(
    ("spec", "matches"),
    [
        ({"name": "pushed"}, True),
        ({"name": "merged"}, False),
        ({}, False),
        ({"name": "pushed", "match": "event.data.branch == 'main'"}, True),
        ({"name": "pushed", "match": "event.data.files > 3"}, False),
        ({"name": "pushed", "match": "trigger.data.branch in ['main', 'dev'] and event.name == 'pushed'"}, True),
    ],
)
def test_an_event_starts_what_waits_for_it(event: TriggerBackend, spec: JsonObject, matches: bool) -> None:
    assert event.matches(spec, PUSHED) is matches
    assert event.matches(spec, TriggerEvent("cli", "pushed", PUSHED.data)) is False


def test_an_events_data_become_the_inputs_unless_the_entry_says_otherwise(event: TriggerBackend) -> None:
    assert event.inputs({"name": "pushed"}, PUSHED) == PUSHED.data
    spec: JsonObject = {
        "name": "pushed",
        "with": {"ref": "refs/{{ event.data.branch }}", "many": "{{ event.data.files }}"},
    }
    assert event.inputs(spec, PUSHED) == {"ref": "refs/main", "many": 3}
    assert event.inputs({"name": "pushed", "with": {}}, PUSHED) == {}


def test_an_expression_that_fails_is_named_with_its_event(event: TriggerBackend) -> None:
    with pytest.raises(TreadleError, match=r"`match` of an event trigger for `pushed` cannot be evaluated"):
        event.matches({"name": "pushed", "match": "event.data.brnch == 'x'"}, PUSHED)
    with pytest.raises(TreadleError, match=r"`with` of an event trigger for `pushed` cannot be evaluated"):
        event.inputs({"name": "pushed", "with": {"a": "{{ nothing }}"}}, PUSHED)


def test_a_trigger_is_made_once(host: PluginHost) -> None:
    assert host.trigger("cli") is host.trigger("cli")


def test_a_type_that_nobody_provides_is_named_with_what_to_install(host: PluginHost) -> None:
    with pytest.raises(TreadleError) as caught:
        host.trigger("schedule")
    assert caught.value.message == "no plugin provides the trigger `schedule`"
    assert caught.value.suggestions == ("run: pip install treadle-schedule",)


def test_the_declared_schemas_are_sound() -> None:
    from treadle.plugins._declared import violations

    schemas = {item.value.type: item.value.schema for item in PluginHost(discover=False).triggers()}
    assert not list(violations({"command": "x"}, schemas["cli"] or {}))
    assert list(violations({"comand": "x"}, schemas["cli"] or {}))
    assert not list(violations({"name": "x", "match": "a", "with": {"b": 1}}, schemas["event"] or {}))
    assert list(violations({"match": "a"}, schemas["event"] or {})) == ["name: missing"]
