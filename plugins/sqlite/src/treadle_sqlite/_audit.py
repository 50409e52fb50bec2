"""The audit chain: each entry's hash covers the entry and the hash before it, so nothing can be changed unseen."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from treadle_hookspecs import AuditEntry

from treadle_sqlite._codec import dump, load
from treadle_sqlite._connect import Reader

GENESIS: Final = "0" * 64
"""What stands for the hash before the first entry."""

_SELECT: Final = "SELECT number, timestamp, actor, action, execution_id, detail, hash FROM audit"


def hash_of(before: str, entry: AuditEntry) -> str:
    """SHA-256 in hex over the hash before, a newline, and the entry as JSON with sorted keys and no spaces."""
    text = json.dumps(entry._asdict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def head(connection: sqlite3.Connection) -> str:
    """The last entry's hash."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'audit_head'").fetchone()
    return str(row[0]) if row else GENESIS


def chain(connection: sqlite3.Connection, entries: Iterable[AuditEntry]) -> str:
    """Add entries in the transaction that is open; the new head."""
    current = head(connection)
    for entry in entries:
        current = hash_of(current, entry)
        connection.execute(
            "INSERT INTO audit (timestamp, actor, action, execution_id, detail, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.at, entry.actor, entry.action, entry.execution, dump(entry.detail), current),
        )
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('audit_head', ?)", (current,))
    return current


def entries(reader: Reader, after: int = 0) -> Sequence[tuple[int, AuditEntry, str]]:
    """`(number, entry, hash)` of the entries after a number, oldest first."""
    rows = reader.query(f"{_SELECT} WHERE number > ? ORDER BY number", (after,))
    return [
        (number, AuditEntry(at, actor, action, execution, load(detail)), link)
        for number, at, actor, action, execution, detail, link in rows
    ]


def breaks(reader: Reader) -> Iterator[str]:
    """What is wrong with the chain, in words; nothing when it verifies."""
    current, expected = GENESIS, 0
    for number, entry, stated in entries(reader):
        expected += 1
        if number != expected:
            yield f"audit entry {expected} is missing"
            expected = number
        current = hash_of(current, entry)
        if stated != current:
            yield f"audit entry {number} is not what was written"
            current = stated
    left = reader.query("SELECT value FROM meta WHERE key = 'audit_head'")
    if (left[0][0] if left else GENESIS) != current:
        yield f"the audit chain does not end where it was left (after entry {expected})"
