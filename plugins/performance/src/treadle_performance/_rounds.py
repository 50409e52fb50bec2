"""Measuring commands, one or several in turns, so that a busy machine is busy for all of them."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError

from treadle_performance import _timer
from treadle_performance._subject import Subject

METRICS: Final = {"time": "seconds", "load-time": "seconds", "cpu": "cpu", "memory": "memory"}
"""What can be measured, by the name that a user gives."""
UNITS: Final = {"seconds": "s", "cpu": "s", "memory": "B"}
FEWEST: Final = 6
"""Rounds below which no interval of 95 % exists."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall and CPU time in seconds, peak of memory in bytes, and a fixed piece of work's seconds."""

    seconds: float
    cpu: float | None
    memory: float | None
    spin: float

    def of(self, metric: str) -> float:
        """What it used of `seconds`, `cpu` or `memory`. Raises `ActionError` where the system does not tell."""
        value: float | None = getattr(self, metric)
        if value is None:
            raise ActionError(f"this system does not tell {metric}", error_class="not-supported", retryable=False)
        return value


def measured(metric: str) -> str:
    """The field of a metric. Raises `ActionError` (`invalid-input`) for an unknown one."""
    if metric not in METRICS:
        raise ActionError(
            f"`metric` is one of {', '.join(METRICS)}, not {metric!r}", error_class="invalid-input", retryable=False
        )
    return METRICS[metric]


async def in_turns(
    context: ActionContext, subjects: Sequence[Subject], rounds: int, max_seconds: float = 900.0
) -> list[list[Sample]]:
    """Run each subject `rounds` times after one run that does not count; every second round the other way round.

    There are fewer rounds, though never less than `FEWEST`, when they would take longer than `max_seconds`.

    Raises:
        ActionError: `invalid-input` for too few rounds; `command-failed` when a run does not end with 0; `too-long`
            when the fewest rounds take longer than `max_seconds`.
    """
    if rounds < FEWEST:
        raise ActionError(
            f"{rounds} rounds say nothing with confidence; give at least {FEWEST}",
            error_class="invalid-input",
            retryable=False,
        )
    once = sum([(await _measure(context, one)).seconds for one in subjects])
    rounds = min(rounds, max(int(max_seconds / max(once, 1e-9)), FEWEST))
    if once * FEWEST > max_seconds:
        raise ActionError(
            f"{FEWEST} rounds of {once:.0f} s are longer than {max_seconds:g} s: measure a shorter `command`",
            error_class="too-long",
            outputs={"verdict": "not-checked", "summary": f"one round takes {once:.0f} s"},
            retryable=False,
        )
    found: list[list[Sample]] = [[] for _ in subjects]
    for number in range(rounds):
        order = range(len(subjects)) if number % 2 == 0 else range(len(subjects) - 1, -1, -1)
        for index in order:
            found[index].append(await _measure(context, subjects[index]))
        context.progress((number + 1) / rounds, f"round {number + 1} of {rounds}")
    return found


async def _measure(context: ActionContext, subject: Subject) -> Sample:
    report = context.scratch / "sample.json"
    report.unlink(missing_ok=True)
    timer = [sys.executable, "-I", str(Path(_timer.__file__)), str(report)]
    ended = await context.run([*timer, *subject.command], cwd=subject.folder, env=subject.environment(context.scratch))
    told = json.loads(report.read_text("utf-8")) if report.is_file() else {"exit_code": ended.exit_code or 1}
    if told["exit_code"] != 0:
        said = "\n".join(f"{ended.stdout}\n{ended.stderr}".strip().splitlines()[-8:])
        raise ActionError(
            f"`{subject.shown}` ended with {told['exit_code']} in {subject.folder}: nothing to measure\n{said}",
            error_class="command-failed",
            outputs={"verdict": "not-checked", "summary": f"`{subject.shown}` ended with {told['exit_code']}"},
            retryable=False,
        )
    return Sample(told["seconds"], told.get("cpu"), told.get("memory"), told["spin"])
