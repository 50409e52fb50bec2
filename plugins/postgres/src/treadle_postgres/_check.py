"""Looking at the invariants that a store can see, all in one state of the database."""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import psycopg
from treadle_hookspecs import Finding

from treadle_postgres import _audit, _migrate, _payloads, _schema
from treadle_postgres._rules import RULES, Rule

Query: TypeAlias = Callable[..., list[tuple[Any, ...]]]

_RESTORE: Final = "restore the database from a backup"
_REPORT: Final = "please report it with the output of `treadle doctor --json`"
_SHOWN: Final = 20
"""Findings of one rule that are listed; a broken database may have millions."""


def check(connection: psycopg.Connection) -> tuple[Finding, ...]:
    """`StoreBackend.check`."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        return tuple(_findings(connection))
    finally:
        connection.execute("COMMIT")


def _findings(connection: psycopg.Connection) -> Iterator[Finding]:
    def query(statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return connection.execute(statement, parameters or None, prepare=False).fetchall()

    version = _migrate.version_of(connection)
    if version != _schema.VERSION:
        message = f"the state database has schema {version}, not {_schema.VERSION}"
        yield Finding("I1", message, "close treadle and open it again")
        return
    for rule in RULES:
        yield from _broken(query, rule)
    yield from _audit_findings(query)
    for spoilt in _payloads.spoilt(query):
        yield Finding("I1", f"{spoilt} is not what was written", _RESTORE)


def _audit_findings(query: Query) -> Iterator[Finding]:
    head = query("SELECT value FROM meta WHERE key = 'audit_head'")
    for broken in _audit.breaks(_audit.entries(query(_audit.SELECT, (0,))), head[0][0] if head else _audit.GENESIS):
        yield Finding("I7", broken, "find out who changed the database; what follows it cannot be trusted")


def _broken(query: Query, rule: Rule) -> Iterator[Finding]:
    for row in query(f"{rule.query} LIMIT {_SHOWN}"):
        yield Finding(rule.invariant, rule.message.format(*row), _REPORT)
