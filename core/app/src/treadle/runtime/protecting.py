"""Rows as they may be stored: sensitive values sealed, large ones by their hash."""

from collections.abc import Sequence

from treadle_hookspecs import ExecutionRow, WaitRow

from treadle.runtime.codec import Codec


def protected_row(row: ExecutionRow, codec: Codec) -> ExecutionRow:
    """The row of an execution."""
    if row.error is None and row.outputs is None:
        return row
    protect = codec.protect_json
    return row._replace(error=protect(row.error, row.id), outputs=protect(row.outputs, row.id))


def protected_waits(waits: Sequence[WaitRow], codec: Codec) -> list[WaitRow]:
    """The rows of what it waits for."""
    return [wait._replace(detail=codec.protect_json(wait.detail, wait.execution)) for wait in waits]
