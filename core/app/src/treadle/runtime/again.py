"""What can be done with an execution that stands in the log: go on, pause, cancel, undo, start it again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from treadle_engine.plan import OnInterrupt
from treadle_engine.protocol import Cancel, Pause, Recover, Resume, Rollback, Stimulus
from treadle_engine.state import State
from treadle_engine.takeover import takeover_of
from treadle_hookspecs import AuditEntry, Definition, ExecutionRow, JsonObject, TreadleError

from treadle.runtime.clock import now
from treadle.runtime.driver import Driver
from treadle.runtime.local import Launch


def go_on(driver: Driver, interrupted: Mapping[str, OnInterrupt], actor: str, reason: str) -> None:
    """Continue an execution whose process is gone, or that was paused."""
    audit = AuditEntry(
        now(), actor, "resume", driver.execution.id, {"reason": reason, "interrupted": dict(interrupted)}
    )
    stimuli: list[Stimulus] = [Recover(now(), dict(interrupted), actor)]
    if driver.execution.state.status == "paused":
        stimuli.append(Resume(now(), actor, reason))
    driver.handle(*stimuli, audit=audit)


def checked_answers(given: Mapping[str, str]) -> Mapping[str, OnInterrupt]:
    """What becomes of interrupted visits, by address. Raises `TreadleError` for a word that is none of the answers."""
    answers: dict[str, OnInterrupt] = {}
    for address, word in given.items():
        match word:
            case "retry" | "fail" | "ask":
                answers[address] = word
            case _:
                raise TreadleError(
                    f"an interrupted visit can be answered with retry or fail, not {word!r}",
                    suggestions=("--interrupted retry", "--interrupted ADDRESS=fail"),
                )
    return answers


def pause(driver: Driver, actor: str, reason: str) -> None:
    """Pause an execution that nobody drives: `resume` will not be surprised by it."""
    driver.handle(Pause(now(), actor, reason), audit=_audit(driver, actor, "pause", reason))


def cancel(driver: Driver, actor: str, reason: str) -> None:
    """Close an execution that nobody drives."""
    driver.handle(Cancel(now(), actor, reason), audit=_audit(driver, actor, "cancel", reason))


def undo(driver: Driver, actor: str, reason: str, *, again: bool) -> None:
    """Roll a terminal execution back."""
    driver.handle(Rollback(now(), actor, reason, again), audit=_audit(driver, actor, "rollback", reason))


def undo_plan(state: State) -> Sequence[JsonObject]:
    """What a rollback would undo, in its order: `{address, action, inputs}`."""
    return [
        {"address": entry.address, "action": entry.action, "inputs": entry.inputs}
        for entry in state.log.undoable(again=True)
    ]


def launch_again(
    row: ExecutionRow, state: State, definition: Definition, sensitive: Sequence[str], actor: str
) -> Launch:
    """A new execution that takes over what a failed or cancelled one finished (R13a).

    Args:
        row: of the execution that ended.
        state: folded from its log, with plain values.
        definition: its own, whatever the file says by now.
        sensitive: the values that are sealed in its log.
        actor: who asks.
    """
    data = row.trigger_data if isinstance(row.trigger_data, Mapping) else {}
    return Launch(
        state.plan,
        definition,
        state.inputs,
        Path(row.root),
        row.trigger_type,
        data,
        origin=row.id,
        takeover=takeover_of(state),
        actor=actor,
        sensitive=tuple(sensitive),
    )


def _audit(driver: Driver, actor: str, action: str, reason: str) -> AuditEntry:
    return AuditEntry(now(), actor, action, driver.execution.id, {"reason": reason})
