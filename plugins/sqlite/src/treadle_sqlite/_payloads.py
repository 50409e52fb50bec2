"""Content by its hash: payloads and definitions, and who uses which payload."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from treadle_hookspecs import Definition

from treadle_sqlite._connect import Reader

_KEEP: Final = "INSERT INTO payloads VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET updated_at = excluded.updated_at"
_KEEP_DEFINITION: Final = (
    "INSERT INTO workflows (id, name, version, definition, path, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at"
)


_FRESH: Final = 60_000_000
"""Microseconds for which content need not be marked as wanted again: it costs a commit, and `prune` thinks in days."""


def hash_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def keep(connection: sqlite3.Connection, payloads: Mapping[str, bytes], now: int) -> None:
    """Write what is not there yet; what is there was just wanted again, so `prune` spares it for now."""
    connection.executemany(_KEEP, [(key, content, now) for key, content in payloads.items()])


def use(connection: sqlite3.Connection, number: int, hashes: Iterable[str]) -> None:
    """Remember that an execution refers to these payloads."""
    connection.executemany("INSERT OR IGNORE INTO payload_uses VALUES (?, ?)", [(number, key) for key in hashes])


def inherit(connection: sqlite3.Connection, number: int, origin: str) -> None:
    """A retry takes over results of its origin, so it refers to the origin's payloads too."""
    connection.execute(
        "INSERT OR IGNORE INTO payload_uses SELECT ?, hash FROM payload_uses "
        "WHERE execution = (SELECT number FROM executions WHERE id = ?)",
        (number, origin),
    )


def fresh(reader: Reader, table: Literal["payloads", "workflows"], key: str, now: int) -> bool:
    """True when content is there and was put a moment ago."""
    column = "hash" if table == "payloads" else "id"
    rows = reader.query(f"SELECT updated_at FROM {table} WHERE {column} = ?", (key,))  # noqa: S608 - two fixed names
    return bool(rows) and abs(now - rows[0][0]) < _FRESH


def content(reader: Reader, hash: str) -> bytes | None:
    """A payload, or None."""
    rows = reader.query("SELECT content FROM payloads WHERE hash = ?", (hash,))
    return bytes(rows[0][0]) if rows else None


def keep_definition(connection: sqlite3.Connection, definition: Definition, now: int) -> None:
    """Keep a definition; one with the same hash stays as it is."""
    connection.execute(_KEEP_DEFINITION, (*definition, now))


def definition(reader: Reader, hash: str) -> Definition | None:
    """A definition, or None."""
    sql = "SELECT id, name, version, definition, path, created_at FROM workflows WHERE id = ?"
    rows = reader.query(sql, (hash,))
    return Definition(*rows[0]) if rows else None


def spoilt(reader: Reader) -> Iterator[str]:
    """Content that does not have the hash under which it is kept: SQLite has no checksums of its own."""
    for (key,) in reader.query("SELECT hash FROM payloads"):
        if hash_of(content(reader, key) or b"") != key:
            yield f"payload {key}"
    for (key,) in reader.query("SELECT id FROM workflows"):
        kept = definition(reader, key)
        if kept and hash_of(kept.text.encode()) != key:
            yield f"definition {key}"
