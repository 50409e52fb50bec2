"""Rows of the tables, from and to the contract's types. Rows to be written are mappings by column."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from treadle_hookspecs import Append, Event, ExecutionRow, SequenceError, StepRow, StepUpdate

from treadle_postgres._codec import dump, load

Row: TypeAlias = Mapping[str, object]


def event_rows(number: int, append: Append) -> list[Row]:
    """Events of an execution. Raises SequenceError when they do not run on, or belong elsewhere."""
    expected = append.expected_seq
    rows: list[Row] = []
    for event in append.events:
        expected += 1
        seq, owner, kind, at, scope, step, visit, attempt, actor, cause, data, version = event
        if seq != expected or owner != append.execution:
            raise SequenceError(f"event {seq} of {owner} stands where event {expected} of {append.execution} belongs")
        rows.append({
            "execution": number, "seq": seq, "kind": kind, "at": at, "scope": scope, "step": step, "visit": visit,
            "attempt": attempt, "actor": actor, "cause": cause, "data": dump(data), "version": version,
        })  # fmt: skip
    return rows


def event(execution: str, row: tuple[Any, ...]) -> Event:
    """From SELECT_EVENTS."""
    seq, kind, at, scope, step, visit, attempt, actor, cause, data, version = row
    return Event(seq, execution, kind, at, scope, step, visit, attempt, actor, cause, load(data), version)


def execution_values(row: ExecutionRow) -> tuple[object, ...]:
    """All of an execution but `id`."""
    return (
        row.workflow,
        row.version,
        row.status,
        row.root,
        row.trigger_type,
        dump(row.trigger_data),
        row.started_at,
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
    """From SELECT_EXECUTIONS, whose columns stand in the order of the contract's fields."""
    found = ExecutionRow(*row)
    return found._replace(trigger_data=load(row[6]), error=load(row[10]), outputs=load(row[11]))


def step_row(number: int, row: StepRow) -> Row:
    """A visit that starts."""
    module, name = split_action(row.action)
    return {
        "execution": number, "step_id": row.address, "visit": row.visit, "module": module, "action": name,
        "status": row.state, "outcome": row.outcome, "attempts": row.attempts, "inputs": dump(row.inputs),
        "outputs": dump(row.outputs), "started_at": row.started_at, "completed_at": row.finished_at,
        "error": dump(row.error), "compensation": row.compensation,
    }  # fmt: skip


def update_row(number: int, update: StepUpdate) -> Row:
    """What changes of a visit."""
    return {
        "execution": number, "step_id": update.address, "visit": update.visit, "status": update.state,
        "outcome": update.outcome, "attempts": update.attempts, "outputs": dump(update.outputs),
        "completed_at": update.finished_at, "error": dump(update.error), "compensation": update.compensation,
    }  # fmt: skip


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
