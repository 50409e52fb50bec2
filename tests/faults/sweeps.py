"""A workflow to kill, the ways to kill it, and what must be true after it has been recovered."""

import signal
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import fault_counts
import pytest
from treadle import Treadle
from treadle_hookspecs import Event
from users import Ran, User

SECRET: Final = "tangerine-otter-7731-lantern"
WORKFLOW: Final = """
treadle: 1
name: faults
inputs:
  broken: {type: boolean, default: false}
secrets:
  TOKEN: {env: FAULTS_TOKEN}
vars: {seen: none}
steps:
  - id: build
    env: {TOKEN: "{{ secrets.TOKEN }}"}
    run: |
      echo "token $TOKEN"
      echo "build $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
      echo "artifact=a1" >> "$TREADLE_OUTPUT"
    outputs: {artifact: {type: string}}
    on_interrupt: retry
    compensate:
      uses: command/run
      with: {script: "echo 'undo-build {{ outputs.artifact }}' >> effects.txt"}
  - id: note
    set: {seen: "{{ steps.build.outputs.artifact }}"}
  - id: flaky
    run: |
      echo "flaky $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
      test -e once || { touch once; exit 1; }
    retry: {max_attempts: 2, delay: 0.01}
    on_interrupt: retry
  - id: optional
    when: "false"
    run: echo never >> effects.txt
  - id: check
    run: |
      echo "check $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
      test "{{ inputs.broken }}" = false
    on_interrupt: retry
finally:
  - id: closed
    run: echo "closed $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
    on_interrupt: retry
"""
RUN: Final = ("run", "faults.yaml")
BROKEN: Final = ("run", "faults.yaml", "--broken")


def points(kinds: Mapping[str, int]) -> list[Any]:
    """`(point, n)` before and after the write of events: of each kind the first and the last of so many.

    `make faults` has all of them.
    """
    return [
        pytest.param(f"append.{side}.{kind}", number, id=f"{side}.{kind}:{number}")
        for kind, count in kinds.items()
        for side in ("before", "after")
        for number in (range(1, count + 1) if fault_counts.counting() else sorted({1, count}))
    ]


class Subject:
    """One user with the workflow above in their project."""

    def __init__(self, user: User) -> None:
        self.user = user
        user.write("faults.yaml", WORKFLOW)

    def type(self, *command: str, status: int | None = None, **environ: str) -> Ran:
        """Type `treadle …`, with the secret in the environment."""
        return self.user.treadle(*command, status=status, FAULTS_TOKEN=SECRET, **environ)

    def kill(self, point: str, number: int, *command: str) -> None:
        """Run a command that dies at the n-th pass of a point."""
        ran = self.type(*command, TREADLE_CRASH_AT=f"{point}:{number}")
        assert ran.status == -signal.SIGKILL, f"{point}:{number} was not reached\n{ran.out}{ran.err}"

    def look(self) -> Treadle:
        """The facade in this process: quicker than a command for each question."""
        return Treadle(self.user.project, overrides={"home": str(self.user.state)})

    def ids(self) -> list[str]:
        """The executions, oldest first."""
        with self.look() as treadle:
            return [row.id for row in reversed(treadle.executions())]

    def history(self, execution: str) -> list[Event]:
        """The log."""
        with self.look() as treadle:
            return list(treadle.history(execution))

    def kinds(self, execution: str, after: int = 0) -> Counter[str]:
        """How often each kind of event stands in the log."""
        return Counter(event.type for event in self.history(execution)[after:])

    def effects(self) -> Counter[str]:
        """How often each effect happened, by the first word of its line."""
        return Counter(line.split()[0] for line in self.user.lines("effects.txt"))

    def finished(self, execution: str) -> dict[str, int]:
        """Effects of steps that the log says have finished: these must not happen again."""
        done = {event.step for event in self.history(execution) if event.type == "visit_settled"}
        undone = {f"undo-{event.step}" for event in self.history(execution) if event.type == "compensation_settled"}
        return {name: count for name, count in self.effects().items() if name in done | undone}

    def outcome(self, execution: str) -> tuple[str, str, dict[str, Any]]:
        """What a person sees at the end; the same however often the run was interrupted."""
        with self.look() as treadle:
            shown = treadle.status(execution)
        steps = {address: (step["state"], step["outcome"], step["visits"]) for address, step in shown.steps.items()}
        return shown.status, shown.rollback, steps

    def recover(self, execution: str) -> Ran:
        """Go on until the execution is final."""
        return self.type("resume", execution, "--interrupted", "retry")

    def check(self, execution: str) -> None:
        """The invariants, as far as they can be seen from outside."""
        with self.look() as treadle:
            assert list(treadle.doctor()) == []  # I1, I2, I7 and the store's part of the others
        events_once(self.history(execution))
        keys_stable(self.user.lines("effects.txt"))
        assert self.user.survivors() == []
        assert leftovers(self.user.state) == []
        assert strangers(self.user) == []
        assert disclosures(self.user.state) == []


def events_once(history: Sequence[Event]) -> None:
    """I3: no gap, at most one start and one end of each visit and attempt, one end of the execution."""
    assert [event.seq for event in history] == list(range(1, len(history) + 1))
    for kind in ("visit_started", "visit_settled", "attempt_started", "compensation_started", "compensation_settled"):
        places = [(event.scope, event.step, event.visit, event.attempt) for event in history if event.type == kind]
        assert len(places) == len(set(places)), kind
    ends = [event.type for event in history if event.type in {"execution_completed", "execution_failed"}]
    assert len(ends) == 1


def keys_stable(lines: Iterable[str]) -> None:
    """I5: one step, one idempotency key, in however many attempts."""
    keys: dict[str, set[str]] = {}
    for line in lines:
        step, key = line.split()
        keys.setdefault(step, set()).add(key)
    assert {step: found for step, found in keys.items() if len(found) > 1} == {}


def leftovers(state: Path) -> list[str]:
    """I8: lock files, sockets and temporary files."""
    wrong = (path for path in state.rglob("*") if path.suffix in {".lock", ".tmp", ".sock"} or path.is_socket())
    return sorted(str(path.relative_to(state)) for path in wrong)


def strangers(user: User) -> list[str]:
    """I9: files that neither the steps nor the state folder account for."""
    known = {"faults.yaml", "effects.txt", "once"}
    stray = [path.name for path in user.project.iterdir() if path.name not in known]
    return stray + [path.name for path in user.home.iterdir() if path != user.state]


def disclosures(state: Path) -> list[str]:
    """I10: files that hold the secret."""
    files = (path for path in state.rglob("*") if path.is_file())
    return [str(path.relative_to(state)) for path in files if SECRET.encode() in path.read_bytes()]
