"""The agent kind `acp`, with a real process over stdin and stdout, in real executions."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle_agents_acp._agent import AcpAgent
from treadle_hookspecs import TreadleError

SCRIPT = Path(__file__).parent / "scripted_acp_agent.py"


@pytest.fixture
def treadle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Treadle:
    """A project with calc.py, and an agent for each plan of the script."""
    home, root = tmp_path / "home", tmp_path / "project"
    for folder in (home, root):
        folder.mkdir()
    (root / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    plans = ("edit", "direct", "execute", "outside", "hang", "auto", "noisy", "broken")
    tables = [f'[agents.{plan}]\nkind = "acp"\nargv = ["{sys.executable}", "{SCRIPT}", "{plan}"]\n' for plan in plans]
    tables.append(tables[2].replace("agents.execute", "agents.trusted") + 'allow = ["execute"]\n')
    tables.append(tables[5].replace("agents.auto", "agents.any") + "any_mode = true\n")
    (home / "config.toml").write_text("".join(tables))
    monkeypatch.setenv("TREADLE_HOME", str(home))
    return Treadle(root, overrides={"home": str(home), "grace": 2.0})


def ask(treadle: Treadle, agent: str, keys: str = "") -> Any:
    path = treadle.root / "ask.yaml"
    path.write_text(
        "treadle: 1\nname: ask\nsteps:\n  - id: work\n    uses: agent/perform\n"
        f"    agent: {agent}\n    with: {{instructions: make it add}}\n{keys}"
    )
    return treadle.run(str(path))


def error(status: Any) -> Any:
    return status.steps["work"]["error"]


@pytest.mark.parametrize("plan", ["edit", "direct", "noisy", "any"])
def test_an_agent_edits_a_file_and_a_rollback_undoes_it(treadle: Treadle, plan: str) -> None:
    status = ask(treadle, plan)
    assert status.status == "completed", status.error
    assert "a + b" in (treadle.root / "calc.py").read_text()
    outputs = status.steps["work"]["outputs"]
    assert (outputs["summary"], outputs["money"], outputs["tokens"]) == ("Done.", 0.25, 12)
    assert (treadle.root / "prompt.txt").read_text() == "make it add\n"
    treadle.rollback(status.id)
    assert "a - b" in (treadle.root / "calc.py").read_text()
    assert not (treadle.root / "prompt.txt").exists()


def test_what_is_not_allowed_is_rejected_whatever_it_says(treadle: Treadle) -> None:
    ask(treadle, "execute")
    assert not (treadle.root / "executed").exists()
    ask(treadle, "trusted")
    assert (treadle.root / "executed").exists()


def test_nothing_outside_the_root_is_read_or_written(treadle: Treadle) -> None:
    before = Path("/etc/passwd").read_bytes()
    status = ask(treadle, "outside")
    assert "does not lie below" in error(status)["message"]
    assert Path("/etc/passwd").read_bytes() == before


def test_an_agent_that_would_not_ask_is_refused(treadle: Treadle) -> None:
    status = ask(treadle, "auto")
    assert error(status)["type"] == "unavailable"
    assert "starts in the mode 'auto'" in error(status)["message"]


def test_an_agent_that_ends_at_once_is_told_of(treadle: Treadle) -> None:
    status = ask(treadle, "broken")
    assert error(status)["type"] in ("unavailable", "agent")


def lives(pid: int) -> bool:
    """It runs: one that has ended and that nobody has asked about does not."""
    ran = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(ran.stdout.strip()) and not ran.stdout.startswith("Z")


def test_a_cancelled_step_tells_the_agent_and_leaves_no_process(
    treadle: Treadle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    monkeypatch.setenv("BEGUN", str(pipe))
    children: list[int] = []

    def cancel(execution: str) -> None:
        children.append(int(pipe.read_text()))
        other = Treadle(treadle.root, overrides={"home": str(treadle.settings.home)})
        other.cancel(execution)
        other.close()

    def begin(event: Any) -> None:
        if event.type == "visit_started":
            threading.Thread(target=cancel, args=(event.execution,), daemon=True).start()

    stop = treadle.subscribe(begin)
    status = ask(treadle, "hang", "    timeout: 60\n")
    stop()
    assert status.status == "cancelled"
    assert (treadle.root / "told-to-stop").exists()
    assert not lives(children[0])
    treadle.rollback(status.id)
    assert not (treadle.root / "begun.txt").exists()


def test_its_health(tmp_path: Path) -> None:
    assert asyncio.run(AcpAgent("a", {"argv": [sys.executable]}).check()).ok
    assert not asyncio.run(AcpAgent("a", {"argv": ["no-such-program"]}).check()).ok


@pytest.mark.parametrize(
    "settings", [{}, {"argv": "x"}, {"argv": ["x"], "allow": ["all"]}, {"argv": ["x"], "env": []}, {"args": []}]
)
def test_wrong_settings_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(TreadleError):
        AcpAgent("a", settings)
