"""Content by its hash: payloads and definitions, and who uses which payload."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import psycopg
from treadle_hookspecs import Definition

from treadle_postgres._session import Session
from treadle_postgres._writer import Statement

_KEEP: Final = (
    "INSERT INTO payloads VALUES (%s, %s, %s) ON CONFLICT (hash) DO UPDATE SET updated_at = excluded.updated_at"
)
_KEEP_DEFINITION: Final = """
INSERT INTO workflows (id, name, version, definition, path, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at
"""
_INHERIT: Final = """
INSERT INTO payload_uses SELECT %s, hash FROM payload_uses
WHERE execution = (SELECT number FROM executions WHERE id = %s) ON CONFLICT DO NOTHING
"""
_FRESH: Final[Mapping[str, str]] = {
    "payloads": "SELECT updated_at FROM payloads WHERE hash = %s",
    "workflows": "SELECT updated_at FROM workflows WHERE id = %s",
}
_DEFINITION: Final = "SELECT id, name, version, definition, path, created_at FROM workflows WHERE id = %s"
_FRESH_FOR: Final = 60_000_000
"""Microseconds for which content need not be marked as wanted again: it costs a commit, and `prune` thinks in days."""


def hash_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def keep(payloads: Mapping[str, bytes], now: int) -> Iterator[Statement]:
    """Write what is not there yet; what is there was just wanted again, so `prune` spares it for now.

    In the order of the hashes: two processes that keep the same ones do not wait for each other in a circle.
    """
    for key in sorted(payloads):
        yield _KEEP, (key, payloads[key], now)


def use(number: int, hashes: Sequence[str]) -> Statement:
    """Remember that an execution refers to these payloads."""
    return "INSERT INTO payload_uses SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING", (number, list(hashes))


def inherit(number: int, origin: str) -> Statement:
    """A retry takes over results of its origin, so it refers to the origin's payloads too."""
    return _INHERIT, (number, origin)


def fresh(reader: Session, table: Literal["payloads", "workflows"], key: str, now: int) -> bool:
    """True when content is there and was put a moment ago."""
    rows = reader.query(_FRESH[table], (key,))
    return bool(rows) and abs(now - rows[0][0]) < _FRESH_FOR


def content(reader: Session, hash: str) -> bytes | None:
    """A payload, or None."""
    rows = reader.query("SELECT content FROM payloads WHERE hash = %s", (hash,))
    return bytes(rows[0][0]) if rows else None


def keep_definition(connection: psycopg.Connection, definition: Definition, now: int) -> None:
    """Keep a definition; one with the same hash stays as it is."""
    connection.execute(_KEEP_DEFINITION, (*definition, now))


def definition(reader: Session, hash: str) -> Definition | None:
    """A definition, or None."""
    rows = reader.query(_DEFINITION, (hash,))
    return Definition(*rows[0]) if rows else None


def spoilt(query: Any) -> Iterator[str]:
    """Content that does not have the hash under which it is kept. The server computes: nothing is sent."""
    for (key,) in query("SELECT hash FROM payloads WHERE encode(sha256(content), 'hex') <> hash"):
        yield f"payload {key}"
    for (key,) in query("SELECT id FROM workflows WHERE encode(sha256(convert_to(definition, 'UTF8')), 'hex') <> id"):
        yield f"definition {key}"
