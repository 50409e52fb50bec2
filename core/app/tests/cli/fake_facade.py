"""A facade with set answers, and the command line on top of it: `python fake_facade.py SCENE ARGS…`.

What a command prints for a rare state (a partial rollback, 300 steps, a question) is tested against these scenes; that
the states come about at all is tested against the real facade.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from treadle.api import DryRun, LogLine, PreviewedStep, Status, WorkflowEntry
from treadle.cli import main
from treadle.cli.session import Options
from treadle.plugins import PluginHost
from treadle.seeing.durations import UsualTimes
from treadle.settings import Settings, load_settings
from treadle.tailing import LogTail
from treadle_engine.plan import InputSpec, Plan, ScopePlan, StepPlan
from treadle_hookspecs import Event, ExecutionRow, ExitCode, Finding, TreadleError

ID = "20260501-120000-abc123"
START = 1_777_636_800_000_000
SECOND = 1_000_000

INPUTS = (
    InputSpec("feature", "string", required=True, description="What to build"),
    InputSpec("max_complexity", "integer", default=10, has_default=True, description="The limit"),
    InputSpec("full", "boolean", default=False, has_default=True),
    InputSpec("tag", "array", default=(), has_default=True),
    InputSpec("meta", "object"),
    InputSpec("speed", "string", default="fast", has_default=True, enum=("fast", "slow")),
    InputSpec("json", "string", description="Has the name of an option"),
)


@dataclass(frozen=True)
class Loaded:
    plan: Plan
    path: Path = Path("workflows/release.yaml")
    text: str = ""
    problems: tuple[Any, ...] = ()


@dataclass
class Facade:
    """Answers every call; remembers what it was asked in `calls`."""

    options: Options
    steps: tuple[str, ...] = ("build", "test", "publish")
    events: tuple[Event, ...] = ()
    answer: Status = field(default_factory=lambda: completed())
    later: Status | None = None
    undo: tuple[Mapping[str, Any], ...] = ()
    plugins: PluginHost = field(default_factory=lambda: PluginHost(discover=False))
    warnings: tuple[str, ...] = ()
    interrupts: bool = False
    root: Path = field(default_factory=Path.cwd)
    settings: Settings = field(default_factory=lambda: load_settings(Path.cwd(), {}, os.environ))

    def close(self) -> None:
        pass

    def rest_when(self, **_: Any) -> None:
        pass

    def note(self, name: str, **given: Any) -> None:
        if self.options.debug:
            print(f"call {name} {given}", file=sys.stderr)

    def plan(self, workflow: str) -> Plan:
        return self.load(workflow).plan

    def pinned_plan(self, id: str) -> Plan:
        return self.plan("release")

    def usual_times(self, workflow: str) -> UsualTimes:
        return UsualTimes()

    def load(self, workflow: str) -> Loaded:
        if workflow not in ("release", "workflows/release.yaml"):
            raise TreadleError(
                f"there is no workflow {workflow}",
                code="TRD0001",
                context={"file": "workflows", "searched": ["workflows", "catalogues"]},
                suggestions=("treadle list",),
                exit_code=ExitCode.NOT_FOUND,
            )
        root = ScopePlan(tuple(StepPlan(name, action="command/run") for name in self.steps))
        return Loaded(Plan("release", root, title="Release it", version="1.2.0", inputs=INPUTS))

    def run(self, workflow: str, inputs: Mapping[str, Any], *, listener: Any = None, **_: Any) -> Status:
        self.note("run", workflow=workflow, inputs=dict(inputs))
        for event in self.events:
            listener(event)
        return self.answer

    def resume(self, id: str, *, interrupted: Any = None, reason: str = "", listener: Any = None, **_: Any) -> Status:
        self.resolve(id)
        self.note("resume", interrupted=interrupted, reason=reason)
        return self.later or self.answer

    def status(self, id: str) -> Status:
        self.resolve(id)
        return self.answer

    def rollback_plan(self, id: str, *, to: str = "") -> Any:
        self.resolve(id)
        return self.undo

    def rollback(self, id: str, *, reason: str = "", again: bool = False, to: str = "", listener: Any = None) -> Status:
        self.note("rollback", reason=reason, again=again, to=to)
        return self.later or self.answer

    def pause(self, id: str, *, reason: str = "") -> Status:
        self.resolve(id)
        self.note("pause", reason=reason)
        return replace(self.answer, status="paused", exit_code=7)

    def cancel(self, id: str, *, reason: str = "", **_: Any) -> Status:
        self.resolve(id)
        self.note("cancel", reason=reason)
        return replace(self.answer, status="cancelled", exit_code=1)

    def emit(self, name: str, data: Any = None, *, listener: Any = None) -> list[Status]:
        self.note("emit", event=name, data=data)
        return [self.answer]

    def resolve(self, prefix: str) -> ExecutionRow:
        if ID.startswith(prefix):
            return ROW
        raise TreadleError(f"no execution begins with {prefix!r}", exit_code=ExitCode.NOT_FOUND)

    def executions(self, *, all_roots: bool = False, statuses: Any = (), limit: int = 0) -> list[ExecutionRow]:
        self.note("executions", all_roots=all_roots, statuses=statuses, limit=limit)
        return [ROW]

    def history(self, id: str, *, after: int = 0) -> list[Event]:
        self.resolve(id)
        return [event for event in self.events if event.seq > after]

    def watch(self, id: str, *, after: int = 0) -> Iterator[Event]:
        yield from self.events

    def logs(self, id: str, step: str = "") -> Iterator[LogLine]:
        self.resolve(id)
        if self.interrupts:
            raise KeyboardInterrupt
        for number in range(1, 31):
            yield LogLine("test#1.1", "stdout", f"line {number}")

    def workflows(self) -> list[WorkflowEntry]:
        return [WorkflowEntry("release", "Release it", "", "1.2.0", "workflows/release.yaml", "project")]

    def preview(self, workflow: str, inputs: Mapping[str, Any], options: Any = None) -> DryRun:
        step = PreviewedStep(
            "build", "run", "command/run", "treadle-command", {"script": "make"}, (("sh", "-c", "make it"),), ("out",)
        )
        tool = PreviewedStep(
            "test", "uses", "testing/run", "treadle-testing", {}, missing_tools=("pytest",), follows=("build",)
        )
        return DryRun("release", str(self.root), inputs, (step, tool))

    def doctor(self) -> list[Finding]:
        return [Finding("I7", "the audit chain is broken at 3", "restore a backup")]

    def subscribe_progress(self, listener: Any) -> Any:
        return lambda: None

    subscribe_stop = subscribe_queue = subscribe_progress

    def tail(self, id: str) -> LogTail:
        return LogTail(self.root / "logs")

    def host(self, console: Any) -> Any:
        return console


ROW = ExecutionRow(ID, "release", "1.2.0", "running", "/project", "cli", {}, START)


def step(state: str, error: str = "") -> dict[str, Any]:
    return {
        "state": state,
        "outcome": "success" if state == "succeeded" else "failure",
        "visits": 1,
        "attempts": 1,
        "started_at": "2026-05-01T12:00:00.000000Z",
        "finished_at": "2026-05-01T12:00:02.500000Z",
        "error": {"type": "error", "message": error} if error else None,
        "outputs": {},
    }


def completed() -> Status:
    return Status(ID, "release", "completed", outputs={"version": "1.2.0"}, steps={"build": step("succeeded")})


def failed(**more: Any) -> Status:
    error = {"step": "test", "type": "exit-code", "message": "3 tests failed"}
    undone = {"compensation": "failed"} if more.get("rollback") == "partial" else {}
    steps = {"build": {**step("succeeded"), **undone}, "test": step("failed", "3 tests failed")}
    return Status(ID, "release", "failed", error=error, steps=steps, exit_code=1, log_dir="/logs/x", **more)


def interrupted() -> Status:
    question = {"address": "test#1", "kind": "interrupted", "choices": ["retry", "fail"]}
    return Status(ID, "release", "interrupted", questions=(question,), exit_code=7)


def event(
    seq: int, type: str, step: str = "", *, second: float = 0, visit: int = 1, attempt: int = 1, **data: Any
) -> Event:
    at = START + int(second * SECOND)
    return Event(seq, ID, type, at, "", step, visit if step else 0, attempt if step else 0, data=data)


FAILING = (
    event(1, "execution_started"),
    event(2, "visit_started", "build", second=0),
    event(3, "visit_settled", "build", second=2.5, state="succeeded", outcome="success", routed=["test"]),
    event(4, "visit_started", "test", second=2.5),
    event(5, "attempt_failed", "test", second=3, error={"type": "x", "message": "flaky\nmore"}, due=START + 5 * SECOND),
    event(6, "attempt_started", "test", second=5, attempt=2),
    event(7, "visit_settled", "test", second=70, state="failed", error={"type": "x", "message": "3 tests failed"}),
    event(8, "visit_skipped", "publish", second=70, visit=0, state="upstream_failed", reason="dead"),
    event(9, "compensation_settled", "build", second=71, state="done"),
    event(10, "execution_failed", second=71, error={"step": "test", "type": "x", "message": "3 tests failed"}),
)


def many(count: int) -> tuple[Event, ...]:
    events = [event(1, "execution_started")]
    for number in range(count):
        state = "failed" if number == 7 else "succeeded"
        events.append(event(len(events) + 1, "visit_started", f"step-{number}", second=number))
        if number != count - 1:
            events.append(event(len(events) + 1, "visit_settled", f"step-{number}", second=number + 1, state=state))
    return tuple(events)


SCENES: dict[str, dict[str, Any]] = {
    "completed": {},
    "failing": {"events": FAILING, "answer": failed(), "undo": ({"address": "build#1", "action": "command/run"},)},
    "partial": {
        "answer": failed(rollback="partial"),
        "later": failed(rollback="partial"),
        "undo": ({"address": "build#1", "action": "undo"},),
    },
    "undone": {
        "answer": failed(),
        "later": failed(rollback="done"),
        "undo": ({"address": "build#1", "action": "undo"},),
    },
    "interrupted": {"answer": interrupted(), "later": completed()},
    "paused": {"answer": Status(ID, "release", "paused", exit_code=7)},
    "interrupts": {"interrupts": True},
    "crowd": {"steps": tuple(f"step-{number}" for number in range(300)), "events": many(300)},
}


def connect(scene: str) -> Any:
    if scene == "broken":

        def break_down(options: Options) -> Any:
            raise RuntimeError("the roof is on fire")

        return break_down
    return lambda options: Facade(options, **SCENES[scene])


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], connect=connect(sys.argv[1])))
