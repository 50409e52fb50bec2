"""Rows of the tables, from and to the contract's types."""

from typing import Any

from treadle_hookspecs import Append, Event, ExecutionRow, SequenceError, StepRow, StepUpdate

from treadle_sqlite._codec import dump, load
from treadle_sqlite._schema import NUMBER_SHIFT, SEQ_MASK


def step_ids(number: int) -> tuple[int, int]:
    """Before the first and the last id that the visits of an execution can have."""
    return number << NUMBER_SHIFT, (number << NUMBER_SHIFT) + SEQ_MASK


def event_rows(number: int, append: Append) -> list[tuple[object, ...]]:
    """For INSERT_EVENT. Raises SequenceError when the events do not run on, or belong elsewhere."""
    start = number << NUMBER_SHIFT
    expected = append.expected_seq
    rows: list[tuple[object, ...]] = []
    for event in append.events:
        expected += 1
        seq, owner, kind, at, scope, step, visit, attempt, actor, cause, data, version = event
        if seq != expected or owner != append.execution:
            raise SequenceError(f"event {seq} of {owner} stands where event {expected} of {append.execution} belongs")
        rows.append((start + seq, kind, at, scope, step, visit, attempt, actor, cause, dump(data), version))
    return rows


def event(execution: str, row: tuple[Any, ...]) -> Event:
    """From SELECT_EVENTS."""
    key, kind, at, scope, step, visit, attempt, actor, cause, data, version = row
    return Event(key & SEQ_MASK, execution, kind, at, scope, step, visit, attempt, actor, cause, load(data), version)


def execution_values(row: ExecutionRow) -> tuple[object, ...]:
    """All of an execution but `id`, which is fixed, and `started_at`, which is indexed and hardly ever changes."""
    return (
        row.workflow,
        row.version,
        row.status,
        row.root,
        row.trigger_type,
        dump(row.trigger_data),
        row.current_step,
        row.finished_at,
        dump(row.error),
        dump(row.outputs),
        row.rollback,
        row.warnings,
        row.definition,
        row.plan,
        row.origin,
    )


def execution(row: tuple[Any, ...]) -> ExecutionRow:
    """From SELECT_EXECUTIONS."""
    (identifier, started_at, workflow, version, status, root, trigger_type, trigger_data) = row[:8]
    (current_step, finished_at, error, outputs, rollback, warnings, definition, plan, origin) = row[8:]
    return ExecutionRow(
        id=identifier,
        workflow=workflow,
        version=version,
        status=status,
        root=root,
        trigger_type=trigger_type,
        trigger_data=load(trigger_data),
        started_at=started_at,
        current_step=current_step,
        finished_at=finished_at,
        error=load(error),
        outputs=load(outputs),
        rollback=rollback,
        warnings=warnings,
        definition=definition,
        plan=plan,
        origin=origin,
    )


def step_values(key: int, row: StepRow) -> tuple[object, ...]:
    """For INSERT_STEP."""
    _, address, visit, action, state, outcome, attempts, inputs, outputs, started, finished, error, compensation = row
    module, name = split_action(action)
    return (
        key,
        address,
        visit,
        module,
        name,
        state,
        outcome,
        attempts,
        dump(inputs),
        dump(outputs),
        started,
        finished,
        dump(error),
        compensation,
    )


def update_values(key: int, update: StepUpdate) -> tuple[object, ...]:
    """For UPDATE_STEP."""
    _, _, _, state, outcome, attempts, outputs, finished, error, compensation = update
    return state, outcome, attempts, dump(outputs), finished, dump(error), compensation, key


def step(execution: str, row: tuple[Any, ...]) -> StepRow:
    """From SELECT_STEPS."""
    address, visit, module, name, state, outcome, attempts, inputs, outputs, started, finished, error, undone = row
    action = f"{module}/{name}" if module else name
    return StepRow(
        execution, address, visit, action, state, outcome, attempts, load(inputs), load(outputs), started, finished,
        load(error), undone,
    )  # fmt: skip


def split_action(action: str) -> tuple[str, str]:
    """`module/action` in two; a kind that calls no action has no module."""
    module, slash, name = action.partition("/")
    return (module, name) if module and slash else ("", action)
