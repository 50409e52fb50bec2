"""Postgres: treadle beside raw commits and DBOS, all on one server whose commits are on the disk."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import subject

DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "128MB"}
"""A server for tests keeps nothing on the disk; this one does."""


def raw_chain(folder: Path, steps: int, url: str, row_bytes: int) -> dict[str, float]:
    """One row of `row_bytes` and one commit a step, by a prepared statement: what the server and the way to it take."""
    import psycopg
    from treadle_postgres._location import locate

    data = "x" * row_bytes
    with psycopg.connect(locate(url, {}).conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS raw_log (number BIGSERIAL PRIMARY KEY, data TEXT NOT NULL)")
        started = time.perf_counter()
        for _ in range(steps):
            with connection.transaction():
                connection.execute("INSERT INTO raw_log (data) VALUES (%s)", (data,), prepare=True)
        seconds = time.perf_counter() - started
        connection.execute("DROP TABLE raw_log")
    return {"us_per_step": seconds / steps * 1e6}


def single_chain(folder: Path, steps: int, url: str, row_bytes: int) -> dict[str, float]:
    """The same with as few journeys as there can be: one statement that commits itself."""
    import psycopg
    from treadle_postgres._location import locate

    data = "x" * row_bytes
    with psycopg.connect(locate(url, {}).conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS raw_one (number BIGSERIAL PRIMARY KEY, data TEXT NOT NULL)")
        started = time.perf_counter()
        for _ in range(steps):
            connection.execute("INSERT INTO raw_one (data) VALUES (%s)", (data,), prepare=True)
        seconds = time.perf_counter() - started
        connection.execute("DROP TABLE raw_one")
    return {"us_per_step": seconds / steps * 1e6}


def chain(folder: Path, steps: int, url: str) -> dict[str, float]:
    """treadle's chain of no-op steps; bytes are those that the tables grew by."""
    before = _size(url)
    taken = subject.chain(folder, steps, "FULL", store=url)
    return taken | {"bytes": (_size(url) - before) / steps}


def many(folder: Path, executions: int, steps: int, url: str) -> dict[str, float]:
    """treadle's executions at a time, and the processor that this process spent on each."""
    used = time.process_time()
    taken = subject.many(folder, executions, steps, "FULL", store=url)
    return taken | {"cpu_ms": (time.process_time() - used) / (executions + 1) * 1000}


def dbos_many(folder: Path, executions: int, steps: int, url: str) -> dict[str, float]:
    """The same of DBOS, by its asynchronous interface."""
    dbos, chain = _dbos(url)

    async def all_of_them() -> Sequence[Any]:
        handles = [await dbos.start_workflow_async(chain, steps) for _ in range(executions)]
        return [await handle.get_result() for handle in handles]

    dbos.launch()
    try:
        asyncio.run(_once(chain, steps))
        started = time.perf_counter()
        asyncio.run(all_of_them())
        seconds = time.perf_counter() - started
    finally:
        dbos.destroy()
    return {"per_second": executions / seconds}


def dbos_chain(folder: Path, steps: int, url: str) -> dict[str, float]:
    """The same chain of DBOS."""
    dbos, chain = _dbos(url)
    dbos.launch()
    try:
        asyncio.run(_once(chain, 10))
        started = time.perf_counter()
        asyncio.run(_once(chain, steps))
        seconds = time.perf_counter() - started
    finally:
        dbos.destroy()
    return {"us_per_step": seconds / steps * 1e6}


async def _once(chain: Any, steps: int) -> None:
    await chain(steps)


def _dbos(url: str) -> tuple[Any, Any]:
    from dbos import DBOS
    from treadle_postgres._location import locate

    address = locate(url, {}).conninfo
    DBOS(config={"name": "bench", "system_database_url": address, "log_level": "ERROR"})

    @DBOS.step()
    async def noop(number: int) -> int:
        return number

    @DBOS.workflow()
    async def chain(count: int) -> None:
        for number in range(count):
            await noop(number)

    return DBOS, chain


def _size(url: str) -> int:
    import psycopg
    from treadle_postgres._location import locate

    place = locate(url, {})
    query = (
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
    )
    with psycopg.connect(place.conninfo) as connection:
        row = connection.execute(query, (place.schema,)).fetchone()
    return int(row[0]) if row else 0
