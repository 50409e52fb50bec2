"""What treadle is measured beside: SQLite with nothing around it, and DBOS on SQLite.

Both write to a file in WAL mode with the `synchronous` setting that is asked for, so that a commit costs the same.
"""

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

RAW_SCHEMA = "CREATE TABLE log (number INTEGER PRIMARY KEY, data TEXT NOT NULL)"


def raw_chain(folder: Path, steps: int, synchronous: str, row_bytes: int) -> dict[str, float]:
    """One row of `row_bytes` and one commit a step, nothing else: what the file system and SQLite take."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute(RAW_SCHEMA)
    data = "x" * row_bytes
    started = time.perf_counter()
    for _ in range(steps):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO log (data) VALUES (?)", (data,))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return {"seconds": seconds, "us_per_step": seconds / steps * 1e6}


def dbos_chain(folder: Path, steps: int, synchronous: str) -> dict[str, float]:
    """A workflow of plain functions as DBOS steps, with DBOS's own schema and its fastest (synchronous) interface.

    DBOS leaves SQLite at its rollback journal; it is given WAL here, which makes it faster and the comparison fair.
    """
    from dbos import DBOS

    engine = _engine(folder / "dbos.db", synchronous)
    url = f"sqlite:///{folder / 'dbos.db'}"
    DBOS(config={"name": "bench", "system_database_url": url, "system_database_engine": engine, "log_level": "ERROR"})

    @DBOS.step()
    def noop(number: int) -> int:
        return number

    @DBOS.workflow()
    def chain(count: int) -> None:
        for number in range(count):
            noop(number)

    DBOS.launch()
    try:
        chain(10)
        started = time.perf_counter()
        chain(steps)
        seconds = time.perf_counter() - started
    finally:
        DBOS.destroy()
    return {"seconds": seconds, "us_per_step": seconds / steps * 1e6}


def _engine(path: Path, synchronous: str) -> "Engine":
    """An engine with the pragmas that DBOS sets itself, and the two that fix the durability."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    pragmas = ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", f"synchronous={synchronous}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return engine
