"""What `--help` and `--version` import, and that plugins cannot break the command line."""

import os
import subprocess
import sys
import textwrap

import pytest

HEAVY = ("pydantic", "yaml", "jinja2", "sqlite3", "orjson", "cryptography", "loguru", "diskcache", "asyncio")
_PROBE = """
import sys
from treadle.cli import main
code = main(sys.argv[1:])
print("MODULES", *sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def modules(tmp_path):
    def call(*words, **variables):
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, *words],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, **variables},
        )
        return set(done.stderr.rpartition("MODULES ")[2].split())

    return call


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["--no-plugins", "--help"], ["-h"]])
def test_nothing_heavy_is_imported_for_help_and_version(modules, words):
    found = modules(*words)
    assert not found & set(HEAVY)
    assert "treadle.api" not in found
    assert not {name for name in found if name.startswith("treadle.cli.follow")}


@pytest.mark.parametrize("words", [["status"], ["history", "x"], ["plugins"], ["status", "--limit", "3", "--help"]])
def test_what_reads_no_definition_imports_no_pydantic(modules, words, tmp_path):
    assert "pydantic" not in modules(*words, TREADLE_HOME=str(tmp_path / "state"))


def test_version_imports_no_typer(modules):
    found = modules("--version")
    assert "typer" not in found
    assert "treadle_hookspecs" not in found


def test_only_thin_plugin_modules_are_imported_for_help(modules):
    ours = {name for name in modules("--help") if name.startswith("treadle_") and name.count(".") == 1}
    libraries = {name for name in ours if not name.endswith(".plugin") and not name.startswith("treadle_hookspecs.")}
    assert libraries == set()


def test_no_plugins_imports_none(modules):
    assert not {name for name in modules("--no-plugins", "--help") if name.endswith(".plugin")}


def test_python_m_treadle(treadle):
    ran = treadle("--version")
    assert ran.code == 0
    assert ran.out.startswith("treadle 0.")


def test_version_among_other_options(treadle):
    assert treadle("--no-plugins", "--version").out.startswith("treadle 0.")


def test_no_words_show_the_help(treadle):
    ran = treadle()
    assert ran.code == 0
    assert "Commands:" in ran.out


def test_help_of_a_command_by_both_spellings(treadle):
    assert treadle("help", "status").out == treadle("status", "--help").out == treadle("status", "-h").out
    assert treadle("help").out == treadle("--help").out
    assert treadle("help", "nothing").code == 2


def test_completion_lists_commands_and_options(treadle):
    variables = {"_TREADLE_COMPLETE": "complete_bash", "COMP_WORDS": "treadle sta", "COMP_CWORD": "1"}
    assert treadle(**variables).out.split() == ["status"]
    variables |= {"COMP_WORDS": "treadle status --li", "COMP_CWORD": "2"}
    assert treadle(**variables).out.split() == ["--limit"]


@pytest.fixture
def installed(tmp_path):
    """Put a plugin distribution on a path of its own; the path."""

    def install(name, code, app=""):
        site = tmp_path / "site"
        metadata = site / f"acme_{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[treadle]\n{name} = acme_{name}\n")
        (site / f"acme_{name}.py").write_text(textwrap.dedent(code))
        (site / f"acme_{name}_app.py").write_text(textwrap.dedent(app))
        return str(site)

    return install


_OFFER = """
from treadle_hookspecs import Command, hookimpl

@hookimpl
def treadle_commands():
    yield Command("weather", "acme_weather_app:app", "Show the weather")
    yield Command("status", "acme_weather_app:app", "Not treadle's")
"""
_APP = """
import typer

app = typer.Typer()

@app.command()
def weather(ctx: typer.Context, place: str = "here", code: int = 0):
    ctx.obj.console.data(f"sunny {place}")
    if code:
        raise typer.Exit(code)
    return 5
"""


def test_a_plugin_adds_a_command(installed, treadle):
    path = installed("weather", _OFFER, _APP)
    assert "weather" in treadle("--help", PYTHONPATH=path).out
    ran = treadle("weather", "--place", "there", PYTHONPATH=path)
    assert (ran.code, ran.out) == (0, "sunny there\n")
    assert treadle("weather", "--code", "3", PYTHONPATH=path).code == 3
    assert "install-completion" not in treadle("weather", "--help", PYTHONPATH=path).out


def test_help_of_a_plugins_command_draws_no_panels_for_a_program(installed, modules):
    found = modules("weather", "--help", PYTHONPATH=installed("weather", _OFFER, _APP))
    assert "acme_weather_app" in found
    assert not {name for name in found if name.partition(".")[0] in {"rich", "pygments"}}


def test_a_plugin_cannot_hide_a_command_of_ours(installed, treadle):
    path = installed("weather", _OFFER, _APP)
    assert "Not treadle's" not in treadle("--help", PYTHONPATH=path).out
    assert "its command status is hidden by treadle's own" in treadle("plugins", PYTHONPATH=path).out


def test_what_is_no_typer_app_is_said(installed, treadle):
    ran = treadle("weather", PYTHONPATH=installed("weather", _OFFER, "app = 5"))
    assert ran.code == 2
    assert "the command `weather` is no Typer app, but int" in ran.err


def test_a_command_switched_off_in_the_settings_is_not_run(installed, treadle, tmp_path):
    path = installed("weather", _OFFER, _APP)
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "config.toml").write_text('[plugins]\ndisable = ["acme-weather"]\n')
    ran = treadle("weather", PYTHONPATH=path)
    assert ran.code == 2
    assert "switched off" in ran.err


def test_no_plugins_leaves_the_command_out(installed, treadle):
    path = installed("weather", _OFFER, _APP)
    assert "weather" not in treadle("--no-plugins", "--help", PYTHONPATH=path).out
    assert treadle("--no-plugins", "weather", PYTHONPATH=path).code == 2
    assert "weather" not in treadle("--help", PYTHONPATH=path, TREADLE_DISABLE="acme-weather").out


@pytest.mark.parametrize(
    "code", ["raise RuntimeError('no')", "import sys; sys.exit(3)", "import nothing_of_that_name", "x ="]
)
def test_a_broken_plugin_breaks_no_command(installed, treadle, code):
    path = installed("weather", code)
    assert treadle("--help", PYTHONPATH=path).code == 0
    assert treadle("schema", "--list", PYTHONPATH=path).code == 0
    ran = treadle("plugins", PYTHONPATH=path)
    assert ran.code == 0
    assert "broken" in ran.out


def test_an_app_that_cannot_be_imported_breaks_its_command_only(installed, treadle):
    path = installed("weather", _OFFER, "raise RuntimeError('not today')")
    ran = treadle("weather", PYTHONPATH=path)
    assert ran.code == 2
    assert "not today" in ran.err
    assert "acme-weather" in ran.err
    assert "Traceback" not in ran.err
    assert treadle("schema", "error", PYTHONPATH=path).code == 0


def test_help_has_panels_on_a_terminal_unless_colour_is_off(on_terminal):
    argv = [sys.executable, "-m", "treadle"]
    assert "\x1b[" in on_terminal([*argv, "--help"]).out
    assert "\x1b" not in on_terminal([*argv, "--no-color", "status", "--help"]).out
    assert "\x1b" not in on_terminal([*argv, "--help"], NO_COLOR="1").out


def completed(fake_child, scene, words):
    variables = {"_TREADLE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return fake_child(scene, **variables)


def test_completion_of_workflows_inputs_and_executions(fake_child):
    assert completed(fake_child, "completed", "treadle run rel").out.split() == ["release"]
    assert completed(fake_child, "completed", "treadle run release --max").out.split() == ["--max-complexity"]
    assert completed(fake_child, "completed", "treadle history 2026").out.split() == ["20260501-120000-abc123"]


@pytest.mark.parametrize("words", ["treadle run nothing --fea", "treadle status 2"])
def test_completion_never_complains(fake_child, words):
    ran = completed(fake_child, "broken" if "status" in words else "completed", words)
    assert ran.err == ""
