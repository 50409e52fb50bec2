"""Looking: the log, executions, visits."""

from collections.abc import Sequence

from treadle_hookspecs import Event, ExecutionQuery, ExecutionRow, StepRow

from treadle_postgres import _rows
from treadle_postgres._session import Session
from treadle_postgres._sql import SELECT_EVENTS, SELECT_EXECUTIONS, SELECT_STEPS


def log(reader: Session, execution: str, after: int, limit: int) -> Sequence[Event]:
    """Events of one execution with `seq > after`, in order."""
    return [_rows.event(execution, row) for row in reader.query(SELECT_EVENTS, (execution, after, limit or None))]


def steps(reader: Session, execution: str) -> Sequence[StepRow]:
    """Visits in the order they started."""
    return [_rows.step(execution, row) for row in reader.query(SELECT_STEPS, (execution,))]


def execution(reader: Session, id: str) -> ExecutionRow | None:
    """One execution by its whole id."""
    rows = reader.query(f"{SELECT_EXECUTIONS} WHERE id = %s", (id,))
    return _rows.execution(rows[0]) if rows else None


def executions(reader: Session, query: ExecutionQuery) -> Sequence[ExecutionRow]:
    """Executions, newest first."""
    conditions: dict[str, object] = {}
    if query.root:
        conditions["root = %s"] = query.root
    if query.workflow:
        conditions["workflow = %s"] = query.workflow
    if query.statuses:
        conditions["status = ANY (%s)"] = list(query.statuses)
    if query.id_prefix:
        conditions["starts_with(id, %s)"] = query.id_prefix
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"{SELECT_EXECUTIONS} {where} ORDER BY started_at DESC, number DESC LIMIT %s"
    return [_rows.execution(row) for row in reader.query(statement, (*conditions.values(), query.limit or None))]
