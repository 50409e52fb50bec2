"""The agent kind `command`, with real programs."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from treadle_agents_command._agent import CommandAgent
from treadle_agents_command._presets import PRESETS
from treadle_agents_command._reading import Reading, read
from treadle_hookspecs import AgentResult, AgentTask, TreadleError
from treadle_testkit.actions import StandaloneContext


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    for name in ("project", "scratch"):
        (tmp_path / name).mkdir()
    return StandaloneContext(tmp_path / "project", tmp_path / "scratch")


def perform(context: StandaloneContext, *argv: str, task: str = "fix $(add)", **settings: object) -> AgentResult:
    agent = CommandAgent("fixer", {"argv": list(argv), **settings})  # type: ignore[dict-item]
    return asyncio.run(agent.perform(AgentTask(task), context))  # type: ignore[arg-type]


def test_the_task_comes_on_stdin_and_the_work_is_done_in_the_root(context: StandaloneContext) -> None:
    result = perform(context, "sh", "-c", "cat > got; echo fixed")
    assert (context.root / "got").read_text() == "fix $(add)\n"
    assert (result.summary, result.text, result.failure) == ("fixed", "fixed", "")


def test_the_task_comes_in_a_file_or_as_an_argument_and_never_as_shell_text(context: StandaloneContext) -> None:
    perform(context, "cp", "{file}", "{root}/got")
    assert (context.root / "got").read_text() == "fix $(add)\n"
    result = perform(context, "printf", "%s", "{prompt}", task="{root} $(id)")
    assert result.text == "{root} $(id)"


def test_an_exit_code_is_told(context: StandaloneContext) -> None:
    result = perform(context, "sh", "-c", "echo trouble >&2; exit 3")
    assert result.failure == "sh exited with 3\ntrouble"
    assert "trouble" in result.transcript


def test_its_environment(context: StandaloneContext) -> None:
    assert perform(context, "sh", "-c", "echo $MODEL", env={"MODEL": "small"}).text == "small"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "either `argv` or `preset`"),
        ({"argv": ["x"], "preset": "codex"}, "either `argv` or `preset`"),
        ({"preset": "nobody"}, "there is no preset 'nobody'"),
        ({"argv": "x"}, "`argv` is a list of texts"),
        ({"argv": ["x"], "env": {"A": 1}}, "`env` is a table of texts"),
        ({"argv": ["x"], "agrs": []}, "there is no setting agrs"),
    ],
)
def test_wrong_settings_are_told(settings: dict[str, object], message: str) -> None:
    with pytest.raises(TreadleError, match=message):
        CommandAgent("fixer", settings)  # type: ignore[arg-type]


def test_a_program_that_is_not_there_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    health = asyncio.run(CommandAgent("c", {"preset": "codex"}).check())
    assert not health.ok
    assert "npm install -g @openai/codex" in health.message


def test_a_model_that_is_not_there_is_noticed_before_the_agent_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = {"argv": ["sh"], "probe": f"http://127.0.0.1:{port}/v1"}
        assert asyncio.run(CommandAgent("c", settings).check()).ok
    health = asyncio.run(CommandAgent("c", settings).check())
    assert not health.ok
    assert "nothing answers at" in health.message


def test_each_preset_gives_the_task_somehow() -> None:
    for preset in PRESETS.values():
        marks = sum(mark in word for word in preset.argv for mark in ("{prompt}", "{file}"))
        assert marks <= 1
        assert preset.install


@pytest.mark.parametrize(
    ("printed", "reading"),
    [
        ("plain\ntext\n", Reading("plain\ntext")),
        ("[not json", Reading("[not json")),
        (
            json.dumps({"result": "done", "total_cost_usd": 0.25, "usage": {"input_tokens": 3, "output_tokens": 4}}),
            Reading("done", 0.25, 7),
        ),
        (json.dumps({"response": "gemini says"}), Reading("gemini says")),
        (
            "\n".join(
                [
                    "noise",
                    json.dumps({"type": "item.completed", "item": {"type": "agent_message", "text": "all done"}}),
                    json.dumps({"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 2}}),
                ]
            ),
            Reading("all done", 0.0, 12),
        ),
        (
            json.dumps(
                {
                    "type": "message_end",
                    "message": {"role": "assistant", "content": [{"text": "pi"}], "usage": {"input": 1, "output": 2}},
                }
            ),
            Reading("pi", 0.0, 3),
        ),
    ],
)
def test_what_agents_print_is_understood(printed: str, reading: Reading) -> None:
    assert read(printed) == reading


def test_a_known_agent_says_its_version_and_others_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "codex"
    program.write_text('#!/bin/sh\ntest "$1" = --version && echo "codex-cli 0.163.0" && echo more\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    known = CommandAgent("codex", {"preset": "codex"})
    assert asyncio.run(known.version()) == "codex-cli 0.163.0"
    assert asyncio.run(CommandAgent("own", {"argv": [str(program)]}).version()) == ""
    monkeypatch.setenv("PATH", "/nowhere")
    assert asyncio.run(known.version()) == ""
