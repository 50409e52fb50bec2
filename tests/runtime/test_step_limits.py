"""`limits:` of a step, from the definition to the verdict."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import treadle_command.plugin
from treadle import Treadle
from treadle_hookspecs import Action, Module, hookimpl

Write = Callable[..., str]

HUNGRY = """
async def hungry(size: int, *, context):
    kept = bytearray(size)
    kept[::4096] = b"x" * len(kept[::4096])
    result = await context.run(["sh", "-c", "echo $PPID; sleep 60"])
    return {"size": len(kept)}


def wordy(size: int):
    return {"text": "x" * size}
"""


class Hungry:
    """Actions that are declared to run inside treadle: with limits they do not."""

    @hookimpl
    def treadle_modules(self) -> Iterator[Module]:
        actions = tuple(Action(name, f"hungry_actions:{name}") for name in ("hungry", "wordy"))
        yield Module("hungry", "1", actions)


@pytest.fixture
def limited(open_treadle: Callable[..., Treadle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Treadle:
    (tmp_path / "hungry_actions.py").write_text(HUNGRY)
    monkeypatch.syspath_prepend(str(tmp_path))
    treadle = open_treadle()
    treadle.plugins.register(treadle_command.plugin, name="command")
    treadle.plugins.register(Hungry(), name="hungry")
    return treadle


def error_of(treadle: Treadle, path: str, step: str = "big") -> dict[str, Any]:
    status = treadle.run(path)
    assert status.status == "failed"
    found = status.steps[step]["error"]
    assert isinstance(found, dict)
    return found


def test_a_command_that_prints_too_much(limited: Treadle, write: Write) -> None:
    error = error_of(limited, write("steps:\n  - {id: big, run: 'yes', limits: {output: 64k}}"))
    assert error["type"] == "output-limit"
    assert error["message"] == "the step printed more than 64.0 kB, its limit on output"


def test_an_action_gets_a_process_of_its_own_and_is_ended_with_what_it_started(limited: Treadle, write: Write) -> None:
    action = "uses: hungry/hungry, with: {size: 200000000}"
    error = error_of(limited, write(f"steps:\n  - {{id: big, {action}, limits: {{memory: 120MB}}}}"))
    assert error["type"] == "memory-limit"
    assert error["message"].endswith("of memory; its limit is 120.0 MB")


def test_outputs_are_output_too(limited: Treadle, write: Write) -> None:
    action = "uses: hungry/wordy, with: {size: 5000}"
    error = error_of(limited, write(f"steps:\n  - {{id: big, {action}, limits: {{output: 4KiB}}}}"))
    assert (error["type"], "limit on output is 4.1 kB" in error["message"]) == ("output-limit", True)


def test_defaults_hold_key_by_key_and_a_retry_may_depend_on_the_verdict(limited: Treadle, write: Write) -> None:
    status = limited.run(
        write("""
defaults: {limits: {output: 1k, cpu: 60s}}
steps:
  - {id: big, run: "yes | head -c 5000", retry: {max_attempts: 3, when: "error.type != 'output-limit'"}}
  - {id: small, needs: [], run: "yes | head -c 1000", limits: {output: 8kB}}
""")
    )
    assert status.steps["big"]["attempts"] == 1
    assert status.steps["small"]["state"] == "succeeded"


def test_one_that_is_cancelled_leaves_no_watch(limited: Treadle, write: Write) -> None:
    path = write("steps:\n  - {id: big, run: sleep 60, timeout: 0.2, limits: {memory: 1GB}}")

    async def main() -> list[str]:
        status = await limited.run_async(path)
        assert status.steps["big"]["outcome"] == "timeout"
        return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(main()) == []
