"""What long executions cost: recovering one, steps inside scopes, and undoing many files."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from subject import _completed, _state, _treadle

SIZE = 2000
"""Bytes of a file that is undone."""
A_FOLDER = 10
"""Files to a folder."""


def recovery(folder: Path, steps: int, synchronous: str) -> dict[str, float]:
    """The first process runs a chain that then waits; the second takes it over, and reads the same log by hand."""
    lines = [f"{{id: s{number}, uses: noop/noop}}" for number in range(steps - 1)]
    path = _workflow(folder, [*lines, "{id: rest, wait_for: {signal: go}}"])
    with _treadle(folder, synchronous) as treadle:
        rows = treadle.executions()
        if not rows:
            treadle.run(path)
            return {"recovery_ms": 0.0, "raw_ms": 0.0, "reads": 0.0}
        started = time.perf_counter()
        status = treadle.resume(rows[0].id)
        taken = time.perf_counter() - started
        if status.status != "waiting" or len(status.steps) != steps:
            raise RuntimeError(f"it was not recovered: {status.status}")
    raw = _timed(lambda: _read_by_hand(_state(folder) / "state.db"))
    return {"recovery_ms": taken * 1000, "raw_ms": raw * 1000, "reads": _reads(folder, synchronous)}


def _reads(folder: Path, synchronous: str) -> float:
    """How often a recovery reads the log."""
    statements: list[str] = []
    connect = sqlite3.connect

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]
    try:
        with _treadle(folder, synchronous) as treadle:
            treadle.resume(treadle.executions()[0].id)
    finally:
        sqlite3.connect = connect
    return float(sum("FROM execution_history" in text and "LIMIT" not in text for text in statements))


def _read_by_hand(database: Path) -> None:
    connection = sqlite3.connect(database)
    for row in connection.execute("SELECT * FROM execution_history ORDER BY seq"):
        [orjson.loads(value) for value in row if isinstance(value, str) and value[:1] == "{"]
    connection.close()


def nesting(folder: Path, steps: int, synchronous: str) -> dict[str, float]:
    """The same steps one after the other: flat, inside three groups, and each as an iteration of a loop."""
    body = "".join(f"            - {{id: s{number}, uses: noop/noop}}\n" for number in range(steps))
    flat = [f"{{id: s{number}, uses: noop/noop}}" for number in range(steps)]
    groups = f"id: one\n    steps:\n      - id: two\n        parallel:\n          steps:\n{body}"
    loop = "{id: again, loop: {until: 'false', on_exhausted: continue, max: %d, steps: [{id: one, uses: noop/noop}]}}"
    taken = {
        "flat": _chain(folder / "flat", flat, steps, synchronous),
        "groups": _chain(folder / "groups", [groups.rstrip()], steps, synchronous),
        "loop": _chain(folder / "loop", [loop % min(steps, 1000)], min(steps, 1000), synchronous),
    }
    return {f"{name}_us": value for name, value in taken.items()}


def _chain(folder: Path, lines: list[str], steps: int, synchronous: str) -> float:
    """Microseconds a step between the first and the last event."""
    folder.mkdir()
    with _treadle(folder, synchronous) as treadle:
        status = _completed(treadle.run(_workflow(folder, lines)))
        at: list[int] = [event.at for event in treadle.history(status.id)]
    return (at[-1] - at[0]) / steps


def undo(folder: Path, files: int) -> dict[str, float]:
    """Files written through the journal and then undone, beside writing them plainly and durably."""
    from journal import _durably, _journaled, _plainly
    from treadle.workspace.journal import Journal

    contents = {f"folder-{number // A_FOLDER}/file-{number}": os.urandom(SIZE) for number in range(files)}
    for name in ("plain", "durable", "journal"):
        (folder / name).mkdir()
    journal = Journal(folder / "journal")
    taken = {
        "plain": _timed(lambda: _plainly(folder / "plain", contents)),
        "durable": _timed(lambda: _durably(folder / "durable", contents)),
        "write": _timed(lambda: _journaled(journal, "one", contents)),
        "undo": _timed(lambda: journal.undo("one")),
    }
    if any((folder / "journal").glob("folder-*")):
        raise RuntimeError("the undo left something")
    return {f"{name}_ms": seconds * 1000 for name, seconds in taken.items()}


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _workflow(folder: Path, lines: list[str]) -> str:
    path = folder / "long.yaml"
    path.write_text("treadle: 1\nname: long\nsteps:\n" + "".join(f"  - {line}\n" for line in lines), "utf-8")
    return str(path)
