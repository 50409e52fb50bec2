"""Making the tables, and bringing older ones to this version's schema: forward only, in one transaction."""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql

from treadle_postgres import _schema
from treadle_postgres._errors import storage_error, untrusted
from treadle_postgres._location import Location
from treadle_postgres._session import connect

MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {}
"""By the version that they start from, the statements that lead to the next one."""

_LOCK: Final = 0x5452444C
"""The advisory lock of those who make or migrate: `TRDL`, beside the schema's hash; it ends with their session."""


def prepare(
    location: Location, migrations: Mapping[int, tuple[str, ...]] = MIGRATIONS, target: int = _schema.VERSION
) -> None:
    """Make or migrate the schema. Raises `TreadleError` (exit code 6); then nothing was changed."""
    try:
        connection = connect(location, location.reconnect)
        try:
            if version_of(connection) != target:
                # Before the transaction: only one that begins later sees for certain what another process has made.
                connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (_LOCK, location.schema))
                with connection.transaction():
                    _bring(location, connection, migrations, target)
        finally:
            connection.close()
    except psycopg.Error as error:
        raise storage_error(location, "open", error) from error


def version_of(connection: psycopg.Connection) -> int:
    """The version of the schema that is there; 0 without one."""
    row = connection.execute("SELECT to_regclass('meta') IS NOT NULL").fetchone()
    if not row or not row[0]:
        return 0
    found = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(found[0]) if found else 0


def _bring(
    location: Location, connection: psycopg.Connection, migrations: Mapping[int, tuple[str, ...]], target: int
) -> None:
    version = version_of(connection)  # another process may have done it while this one waited
    if version > target:
        raise untrusted(
            location,
            f"the state database has schema {version}, and this treadle knows {target} at most",
            "update treadle: pip install --upgrade treadle-postgres",
        )
    if version == 0:
        _create(location, connection)
        version = _schema.VERSION
    if missing := [step for step in range(version, target) if step not in migrations]:
        raise untrusted(
            location,
            f"the state database's schema {version} is older than any that this treadle can migrate",
            f"open it once with a treadle that knows schema {missing[0] + 1}",
        )
    for step in range(version, target):
        for statement in migrations[step]:
            connection.execute(statement.encode(), prepare=False)
    connection.execute("UPDATE meta SET value = %s WHERE key = 'version'", (str(target),))


def _create(location: Location, connection: psycopg.Connection) -> None:
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(location.schema)))
    for part in (_schema.TABLES, _schema.VIEWS, _schema.FUNCTIONS, _schema.FIRST_ROWS):
        connection.execute(part.encode(), prepare=False)
    connection.execute("INSERT INTO meta (key, value) VALUES ('version', %s)", (str(_schema.VERSION),))
