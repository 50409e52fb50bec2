"""At a terminal: the live tree while steps run, their output, the keyboard, and questions."""

import pytest

GATED = """
treadle: 1
name: gated
steps:
  - id: first
    run: echo one
  - id: wait
    run: echo waiting at the gate; echo ready > ready; read line < gate; echo through
  - id: last
    run: echo done
"""


@pytest.fixture
def gated(user):
    user.write("gated.yaml", GATED)
    user.pipe("ready")
    user.pipe("gate")


def test_live_tree_shows_what_runs_and_what_is_to_come(user, gated, at_terminal):
    terminal = at_terminal("run", "gated.yaml", "--no-color")
    user.hear(terminal.child, "ready")
    terminal.see("→ wait")
    assert "✓ first" in terminal.text
    assert "□ last" in terminal.text
    user.tell("gate")
    assert terminal.end() == 0
    assert "✓ last" in terminal.text
    assert "completed: gated" in terminal.text


def test_verbose_shows_a_line_while_its_step_runs(user, gated, at_terminal):
    terminal = at_terminal("run", "gated.yaml", "--verbose", "--no-color")
    terminal.see("wait │ waiting at the gate")
    user.hear(terminal.child, "ready")
    user.tell("gate")
    assert terminal.end() == 0
    assert "wait │ through" in terminal.text


def test_verbose_without_a_terminal(user, gated):
    child = user.start("run", "gated.yaml", "-v")
    user.hear(child, "ready")
    user.tell("gate")
    lines = user.ended(child, 0).err.splitlines()
    assert lines.index("wait | waiting at the gate") < lines.index("wait | through")
    assert lines.index("wait | through") < next(at for at, line in enumerate(lines) if line.startswith("✓ wait"))


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(user, gated, at_terminal):
    terminal = at_terminal("run", "gated.yaml", "--no-color")
    user.hear(terminal.child, "ready")
    terminal.press("\x03")
    terminal.see("Ctrl-C again kills")
    assert terminal.end() == 130
    assert "interrupted: gated" in terminal.text
    assert f"treadle resume {user.newest()}" in terminal.text
    assert user.alive() == []


def test_resume_asks_what_becomes_of_the_interrupted_step(user, gated, at_terminal):
    child = user.start("run", "gated.yaml")
    user.hear(child, "ready")
    child.kill()
    user.ended(child)
    user.pipe("again")
    terminal = at_terminal("resume", user.newest()[:6], "--no-color")
    terminal.see("run it again, or let it fail? [retry/fail]")
    terminal.press("retry\n")
    user.hear(terminal.child, "ready")
    user.tell("gate")
    assert terminal.end() == 0
    assert user.status()["steps"]["first"]["visits"] == 1


def test_watch_follows_what_another_process_drives(user, gated, at_terminal):
    child = user.start("run", "gated.yaml")
    user.hear(child, "ready")
    terminal = at_terminal("watch", user.newest(), "--no-color")
    terminal.see("→ wait")
    user.tell("gate")
    assert terminal.end() == 0
    assert "completed: gated" in terminal.text
    user.ended(child, 0)


PLUGIN = """
from treadle_hookspecs import Action, Command, Module, hookimpl

@hookimpl
def treadle_modules():
    yield Module("slow", "1.0", (Action("work", "acme_slow_library:work"),))

@hookimpl
def treadle_commands():
    yield Command("work", "acme_slow_library:app", "Run the slow workflow")
"""
LIBRARY = """
import asyncio
import typer

app = typer.Typer()

def work(*, context):
    context.progress(0.5, "half way")
    return {}

@app.command()
def run(ctx: typer.Context):
    status = asyncio.run(ctx.obj.run("slow.yaml", {}))
    ctx.obj.console.data(status["status"])
"""
SLOW = "treadle: 1\nname: slow\nsteps:\n  - {id: work, uses: slow/work}\n"


def test_progress_of_an_action_reaches_the_reader(user, plugin):
    user.write("slow.yaml", SLOW)
    ran = user.treadle("run", "slow.yaml", PYTHONPATH=plugin("slow", PLUGIN, LIBRARY))
    assert "work | 50% half way" in ran.err


def test_a_plugin_s_command_runs_a_workflow_through_the_host(user, plugin):
    user.write("slow.yaml", SLOW)
    ran = user.treadle("work", PYTHONPATH=plugin("slow", PLUGIN, LIBRARY))
    assert ran.out == "completed\n"
