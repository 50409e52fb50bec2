"""Looking: the log, executions, visits."""

from collections.abc import Sequence
from typing import Final

import orjson
from treadle_hookspecs import Event, ExecutionQuery, ExecutionRow, StepRow

from treadle_sqlite import _rows
from treadle_sqlite._connect import Reader
from treadle_sqlite._sql import SELECT_EVENTS, SELECT_EXECUTIONS, SELECT_STEPS

_AFTER_ANY_TEXT: Final = "\U0010ffff"


def log(reader: Reader, execution: str, after: int, limit: int) -> Sequence[Event]:
    """Events of one execution with `seq > after`, in order."""
    rows = reader.query(SELECT_EVENTS, {"execution": execution, "after": after, "limit": limit or -1})
    return [_rows.event(execution, row) for row in rows]


def steps(reader: Reader, execution: str) -> Sequence[StepRow]:
    """Visits in the order they started."""
    return [_rows.step(execution, row) for row in reader.query(SELECT_STEPS, {"execution": execution})]


def execution(reader: Reader, id: str) -> ExecutionRow | None:
    """One execution by its whole id."""
    rows = reader.query(f"{SELECT_EXECUTIONS} WHERE id = ?", (id,))
    return _rows.execution(rows[0]) if rows else None


def executions(reader: Reader, query: ExecutionQuery) -> Sequence[ExecutionRow]:
    """Executions, newest first."""
    where, parameters = _conditions(query)
    sql = f"{SELECT_EXECUTIONS} {where} ORDER BY started_at DESC, number DESC LIMIT ?"
    return [_rows.execution(row) for row in reader.query(sql, (*parameters, query.limit or -1))]


def _conditions(query: ExecutionQuery) -> tuple[str, list[object]]:
    conditions: dict[str, object] = {}
    if query.root:
        conditions["root = ?"] = query.root
    if query.workflow:
        conditions["workflow = ?"] = query.workflow
    if query.statuses:
        conditions["status IN (SELECT value FROM json_each(?))"] = orjson.dumps(query.statuses).decode()
    if query.id_prefix:
        conditions["id >= ?"] = query.id_prefix
        conditions["id < ?"] = query.id_prefix + _AFTER_ANY_TEXT
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return where, list(conditions.values())
