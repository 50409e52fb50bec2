"""The fixtures that plugin authors use."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from treadle.settings import load_settings
from treadle_hookspecs import Action, Command, Module, TreadleError, Trigger, hookimpl
from treadle_testkit import ClosedPluginHost, Project


def plugin(action: Action, **more: object) -> ModuleType:
    made = ModuleType("acme")
    vars(made)["treadle_modules"] = hookimpl(lambda: [Module("acme", "1", (action,))])
    vars(made).update(more)
    return made


def test_the_closed_host_has_only_what_was_registered(plugin_host: ClosedPluginHost) -> None:
    plugin_host.register(plugin(Action("go", "json:dumps")), name="acme")
    assert [record.name for record in plugin_host.records] == ["acme", "builtin"]
    assert list(plugin_host.action_names()) == ["acme/go", "agent/perform"]


def test_the_closed_host_is_strict(plugin_host: ClosedPluginHost) -> None:
    plugin_host.register(plugin(Action("go", "json:dumps"), treadle_module=hookimpl(lambda: None)), name="acme")
    with pytest.raises(TreadleError, match="did you mean `treadle_modules`"):
        plugin_host.action_names()


def test_check_names_everything_that_is_not_there(plugin_host: ClosedPluginHost) -> None:
    made = plugin(Action("go", "json:dumps", preview="json:nothing", summary="dump"))
    vars(made)["treadle_triggers"] = hookimpl(lambda: [Trigger("mail", "acme_that_is_not_there:Mail")])
    vars(made)["treadle_commands"] = hookimpl(lambda: [Command("go", "json:missing", "help")])
    plugin_host.register(made, name="acme")
    with pytest.raises(AssertionError) as caught:
        plugin_host.check()
    for name in ("json:nothing", "acme_that_is_not_there:Mail", "json:missing"):
        assert name in str(caught.value)


def test_check_wants_a_summary_and_a_callable_signature(plugin_host: ClosedPluginHost) -> None:
    plugin_host.register(plugin(Action("go", "builtins:ord")), name="acme")
    with pytest.raises(AssertionError, match="cannot be given by name"):
        plugin_host.check()


def test_check_is_content_with_a_plugin_that_is_whole(plugin_host: ClosedPluginHost) -> None:
    plugin_host.register(plugin(Action("go", "json:dumps", summary="Write JSON")), name="acme")
    plugin_host.check()


def test_an_installed_plugin_is_registered_by_name(plugin_host: ClosedPluginHost) -> None:
    with pytest.raises(LookupError, match="no installed distribution has a plugin no-such-plugin"):
        plugin_host.register_installed("no-such-plugin")


def test_a_project_is_a_repository_with_a_state_folder_of_its_own(treadle_project: Project) -> None:
    assert Path.cwd() == treadle_project.root
    assert os.environ["TREADLE_HOME"] == str(treadle_project.home)
    assert treadle_project.repository.git("status", "--porcelain") == ""
    assert load_settings(treadle_project.root, {}, os.environ).home == treadle_project.home
    path = treadle_project.workflow("hello", "treadle: 1\nname: hello\nsteps: []\n")
    assert path == treadle_project.root / "workflows/hello.yaml"
    assert treadle_project.repository.git("status", "--porcelain", "-uall") == "?? workflows/hello.yaml"


def test_what_the_person_has_set_is_hidden(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_STORE", "sqlite:///somewhere/else.db")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    project: Project = request.getfixturevalue("treadle_project")
    settings = load_settings(project.root, {}, os.environ)
    assert {settings.origin(key) for key in ("store", "log_level")} == {"default"}


def test_a_session_that_does_not_use_the_fixtures_pays_nothing_for_them() -> None:
    heavy = "[name for name in sys.modules if name.startswith(('treadle.', 'treadle_hookspecs', 'hypothesis'))]"
    script = f"import sys, treadle_testkit.fixtures; print({heavy})"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
