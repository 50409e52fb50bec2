"""What can be done with an execution that stands in the log: go on, pause, cancel, undo, start it again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from treadle_engine.addresses import step_address
from treadle_engine.plan import OnInterrupt
from treadle_engine.protocol import Cancel, Pause, RaiseBudget, Recover, Resume, Rollback, Stimulus
from treadle_engine.scope_state import ScopeState
from treadle_engine.state import State
from treadle_engine.takeover import takeover_of
from treadle_hookspecs import AuditEntry, Definition, ExecutionRow, ExitCode, JsonObject, TreadleError

from treadle.runtime.clock import now
from treadle.runtime.launch import Launch
from treadle.runtime.spoken import Addressed
from treadle.suggestions import did_you_mean


def go_on(
    driver: Addressed,
    interrupted: Mapping[str, OnInterrupt],
    actor: str,
    reason: str,
    budget: Mapping[str, float] | None = None,
) -> None:
    """Continue an execution whose process is gone, that was paused, or whose budget is raised."""
    audit = AuditEntry(
        now(), actor, "resume", driver.execution.id, {"reason": reason, "interrupted": dict(interrupted)}
    )
    interrupted = _by_visit(driver.execution.state, interrupted)
    _undo_journaled(driver, interrupted)
    stimuli: list[Stimulus] = [Recover(now(), dict(interrupted), actor)]
    if driver.execution.state.status == "paused":
        stimuli.append(Resume(now(), actor, reason))
    if budget:
        stimuli.append(RaiseBudget(now(), dict(budget), actor))
    driver.handle(*stimuli, audit=audit)


def _by_visit(state: State, answers: Mapping[str, OnInterrupt]) -> dict[str, OnInterrupt]:
    """Answers by the visits that they are for; that for "" is for all others.

    An address is that of a step, of a visit, or of what it is inside of: `deploy`, `deploy#2`, `cells[4]`, `cells`.
    Raises `TreadleError` (exit code 3) for one that no interrupted visit has.
    """
    cut = [f"{scope.place(at)}#{scope.visits[at]}" for scope in state.scopes.values() for at in _calls(scope)]
    found: dict[str, OnInterrupt] = {"": answers[""]} if "" in answers else {}
    for address, answer in answers.items():
        visits = [visit for visit in cut if _is_within(visit, step_address(state.plan, address))] if address else []
        if address and not visits:
            raise _not_interrupted(state.execution, address, cut)
        found.update(dict.fromkeys(visits, answer))
    return found


def _calls(scope: ScopeState) -> list[int]:
    return [at for at in scope.live if scope.graph.steps[at].kind == "call" and at not in scope.waits]


def _is_within(visit: str, address: str) -> bool:
    """It is a visit of that step, or of one inside it."""
    return visit == address or (visit.startswith(address) and visit[len(address)] in "#/[:.")


def _not_interrupted(execution: str, address: str, cut: Sequence[str]) -> TreadleError:
    hint = did_you_mean(address, [name for visit in cut for name in (visit, visit.rpartition("#")[0])])
    listed = f"interrupted: {', '.join(cut)}" if cut else f"treadle status {execution}"
    return TreadleError(
        f"no visit of `{address}` in execution {execution} was interrupted",
        exit_code=ExitCode.NOT_FOUND,
        suggestions=(hint, listed) if hint else (listed,),
    )


def _undo_journaled(driver: Addressed, interrupted: Mapping[str, OnInterrupt]) -> None:
    """What an interrupted visit changed through its workspace goes: it fails, or begins anew."""
    state, files = driver.execution.state, driver.execution.surroundings.files
    for scope in state.scopes.values():
        for at in scope.live:
            step, visit = scope.graph.steps[at], f"{scope.place(at)}#{scope.visits[at]}"
            answer = interrupted.get(visit, interrupted.get("", step.on_interrupt))
            if files is not None and step.kind == "call" and answer != "ask" and not step.keep_changes:
                files.undo_journaled_now(visit)


def wake(driver: Addressed) -> None:
    """Continue an execution for which something is due: a time, or what lies in its inbox."""
    driver.handle(Recover(now()))


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


def pause(driver: Addressed, actor: str, reason: str) -> None:
    """Pause an execution that nobody drives: `resume` will not be surprised by it."""
    driver.handle(Pause(now(), actor, reason), audit=_audit(driver, actor, "pause", reason))


def cancel(driver: Addressed, actor: str, reason: str, *, undo: bool = True) -> None:
    """Close an execution that nobody drives. `undo` False: nothing is undone by itself afterwards."""
    driver.handle(Cancel(now(), actor, reason, undo), audit=_audit(driver, actor, "cancel", reason))


def undo(driver: Addressed, actor: str, reason: str, *, again: bool, to: str = "") -> None:
    """Roll a terminal execution back, all of it or to a checkpoint. Raises `TreadleError` without that checkpoint."""
    check_checkpoint(driver.execution.state, to)
    driver.handle(Rollback(now(), actor, reason, again, to), audit=_audit(driver, actor, "rollback", reason))


def undo_plan(state: State, to: str = "") -> Sequence[JsonObject]:
    """What a rollback would undo, in its order: `{address, action, inputs}`. Raises `TreadleError` as `undo`."""
    check_checkpoint(state, to)
    return [
        {"address": entry.address, "action": entry.action, "inputs": entry.inputs}
        for entry in state.log.undoable(again=True, to=to)
    ]


def check_checkpoint(state: State, name: str) -> None:
    """Raises `TreadleError` (exit code 3) when an execution has no checkpoint of this name to go back to."""
    names = state.log.checkpoints
    if name and name not in names:
        hint = did_you_mean(name, names)
        there = f"its checkpoints: {', '.join(names)}" if names else "`checkpoint: NAME` on a step makes one"
        raise TreadleError(
            f"execution {state.execution} has no checkpoint `{name}` to go back to",
            exit_code=ExitCode.NOT_FOUND,
            context={"checkpoints": names},
            suggestions=(hint, there) if hint else (there,),
        )


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
        children=children_of(state),
    )


def children_of(state: State) -> Mapping[str, str]:
    """The definitions of the workflows that its steps start as executions of their own: hashes by key."""
    found = state.header.get("children", {})
    return {key: str(digest) for key, digest in found.items()} if isinstance(found, Mapping) else {}


def _audit(driver: Addressed, actor: str, action: str, reason: str) -> AuditEntry:
    return AuditEntry(now(), actor, action, driver.execution.id, {"reason": reason})
