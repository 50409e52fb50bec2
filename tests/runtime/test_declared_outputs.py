"""What a command writes to `$TREADLE_OUTPUT` becomes what its step declares, or fails the step and says which line."""

from collections.abc import Callable
from typing import Any

import pytest
import treadle_command.plugin
from treadle import Treadle
from treadle_hookspecs import Json

Write = Callable[..., str]

STEP = """
steps:
  - id: count
    run: |
      {script}
    outputs: {{n: {{type: {type}}}}}
  - id: use
    uses: bench/note
    with: {{value: "{{{{ steps.count.outputs.n }}}}"}}
"""


@pytest.fixture
def commands(treadle: Treadle) -> Treadle:
    treadle.plugins.register(treadle_command.plugin, name="command")
    return treadle


def published(line: str) -> str:
    return f"printf '%s\\n' '{line}' >> \"$TREADLE_OUTPUT\""


@pytest.mark.parametrize(
    ("line", "type", "value"),
    [
        ("n=3", "integer", 3),
        ("n=-3.0", "integer", -3),
        ("n=2.5", "number", 2.5),
        ("n=true", "boolean", True),
        ("n=no", "boolean", False),
        ("n=[1, 2]", "array", [1, 2]),
        ('n={"a": 1}', "object", {"a": 1}),
        ("n=3", "string", "3"),
        ("n=3", "any", "3"),
        ('{"n": "3"}', "integer", 3),
        ('{"n": 3}', "string", 3),
    ],
)
def test_a_text_becomes_what_is_declared(
    commands: Treadle, write: Write, bench: Any, line: str, type: str, value: Json
) -> None:
    status = commands.run(write(STEP.format(script=published(line), type=type)))
    assert status.status == "completed", status.error
    assert bench.calls == [("use#1.1", value)]
    assert status.steps["count"]["outputs"]["n"] == value  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("line", "type", "article"),
    [("n=three", "integer", "an"), ("n=3.5", "integer", "an"), ("n=maybe", "boolean", "a"), ("n=", "number", "a")],
)
def test_a_text_that_cannot_be_read_so_fails_the_step(
    commands: Treadle, write: Write, bench: Any, line: str, type: str, article: str
) -> None:
    status = commands.run(write(STEP.format(script=published(line), type=type)))
    assert status.status == "failed"
    error = status.error
    assert error is not None
    assert error["type"] == "invalid-output"
    assert error["message"] == (
        f"$TREADLE_OUTPUT has the line `{line}`, and `n` is declared as {article} {type} (step count, line 5)"
    )
    assert bench.calls == []


def test_a_sensitive_value_is_not_told(commands: Treadle, write: Write) -> None:
    text = STEP.format(script=published("n=tangerine"), type="integer, sensitive: true")
    status = commands.run(write(text))
    assert status.error is not None
    assert "`n=…`" in str(status.error["message"])
    assert "tangerine" not in str(status.to_json())


def test_a_command_that_failed_keeps_its_own_error(commands: Treadle, write: Write) -> None:
    script = f"{published('n=x')}; exit 4"
    status = commands.run(write(STEP.format(script=script, type="integer")))
    assert status.error is not None
    assert status.error["type"] == "exit-code"


def test_a_wrong_line_is_tried_again_as_a_failure_is(commands: Treadle, write: Write, bench: Any) -> None:
    script = f"test -e once && {published('n=2')} || {{ touch once; {published('n=x')}; }}"
    text = STEP.format(script=script, type="integer").replace(
        "    outputs:", "    retry: {max_attempts: 2}\n    outputs:"
    )
    assert commands.run(write(text)).status == "completed"
    assert bench.calls == [("use#1.1", 2)]
