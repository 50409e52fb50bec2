"""Bringing an older database to this version's schema: forward only, after a backup, all or nothing."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from treadle_sqlite import _schema
from treadle_sqlite._errors import untrusted
from treadle_sqlite._guard import alone
from treadle_sqlite._location import Location

MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (
        """
        CREATE TABLE slots (
            id INTEGER PRIMARY KEY,
            execution INTEGER NOT NULL REFERENCES executions (number),
            holder TEXT NOT NULL,
            name TEXT NOT NULL,
            places INTEGER NOT NULL,
            asked_at INTEGER NOT NULL,
            granted_at INTEGER,
            UNIQUE (execution, holder, name)
        ) STRICT
        """,
        "CREATE INDEX slots_by_name ON slots (name)",
    ),
    2: (
        """
        CREATE TABLE waits (
            id INTEGER PRIMARY KEY,
            execution INTEGER NOT NULL REFERENCES executions (number),
            step_id TEXT NOT NULL,
            visit INTEGER NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            since INTEGER NOT NULL,
            due_at INTEGER,
            detail TEXT,
            UNIQUE (execution, step_id, visit, kind, name)
        ) STRICT
        """,
        "CREATE INDEX waits_by_due ON waits (due_at) WHERE due_at IS NOT NULL",
        "CREATE INDEX waits_by_name ON waits (name) WHERE name <> ''",
        "ALTER TABLE bus ADD COLUMN root TEXT NOT NULL DEFAULT ''",
    ),
}
"""By the version that they start from, the statements that lead to the next one."""


def migrate(
    location: Location,
    connection: sqlite3.Connection,
    migrations: Mapping[int, tuple[str, ...]] = MIGRATIONS,
    target: int = _schema.VERSION,
) -> Path | None:
    """Migrate to the target version if the database is older; where the backup is.

    Raises:
        TreadleError: there is no way from its version, or the result would not be sound. Nothing was changed.
        sqlite3.Error: the storage failed. Nothing was changed.
    """
    version = _version(connection)
    if version >= target:
        return None
    if missing := [step for step in range(version, target) if step not in migrations]:
        raise untrusted(
            location,
            f"the state file's schema {version} is older than any that this treadle can migrate",
            f"open it once with a treadle that knows schema {missing[0] + 1}",
        )
    with alone(location):
        return _migrate(location, connection, migrations, target)


def _migrate(
    location: Location, connection: sqlite3.Connection, migrations: Mapping[int, tuple[str, ...]], target: int
) -> Path | None:
    version = _version(connection)
    if version >= target:
        return None  # another process has done it while this one waited
    backup = back_up(location, connection, version)
    # Tables that others refer to may have to be made anew; whether all references hold is checked before the commit.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        connection.execute("BEGIN IMMEDIATE")
        _apply(location, connection, migrations, target, backup)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA foreign_keys = ON")
    return backup


def _apply(
    location: Location,
    connection: sqlite3.Connection,
    migrations: Mapping[int, tuple[str, ...]],
    target: int,
    backup: Path,
) -> None:
    for version in range(_version(connection), target):
        for statement in migrations[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise untrusted(
            location,
            "the state file was not migrated: references between its tables would break",
            "run `treadle doctor` with the treadle that wrote it",
            f"the file is unchanged, and a copy is in {backup}",
        )


def back_up(location: Location, connection: sqlite3.Connection, version: int) -> Path:
    """Copy the database as it is, pages in the log included, to `….v{version}.backup` beside it."""
    target = location.beside(f".v{version}.backup")
    draft = location.beside(f".v{version}.backup.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    copy = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.backup(copy)
        # A backup is one file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        copy.close()
    draft.replace(target)
    return target


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
