"""The audit chain: each entry's hash covers the entry and the hash before it, so nothing can be changed unseen."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson
from treadle_hookspecs import AuditEntry

from treadle_postgres._codec import dump, load
from treadle_postgres._writer import Statement

GENESIS: Final = "0" * 64
"""What stands for the hash before the first entry."""

SELECT: Final = (
    "SELECT number, timestamp, actor, action, execution_id, detail, hash FROM audit WHERE number > %s ORDER BY number"
)


def text_of(entry: AuditEntry) -> str:
    """The entry as JSON with sorted keys and no spaces: what its hash covers, after the hash before and a newline."""
    return json.dumps(entry._asdict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def chain(entries: Iterable[AuditEntry]) -> Statement:
    """Add entries; gives the new head."""
    rows = [
        {
            "at": entry.at, "actor": entry.actor, "action": entry.action, "execution": entry.execution,
            "detail": dump(entry.detail), "written": text_of(entry),
        }
        for entry in entries
    ]  # fmt: skip
    return "SELECT chain_audit(%s)", (orjson.dumps(rows).decode(),)


def entries(rows: Iterable[tuple[Any, ...]]) -> Sequence[tuple[int, AuditEntry, str]]:
    """`(number, entry, hash)`, from `SELECT`."""
    return [
        (number, AuditEntry(at, actor, action, execution, load(detail)), link)
        for number, at, actor, action, execution, detail, link in rows
    ]


def breaks(log: Iterable[tuple[int, AuditEntry, str]], head: str) -> Iterator[str]:
    """What is wrong with the chain, in words; nothing when it verifies."""
    current, expected = GENESIS, 0
    for number, entry, stated in log:
        expected += 1
        if number != expected:
            yield f"audit entry {expected} is missing"
            expected = number
        current = hashlib.sha256(f"{current}\n{text_of(entry)}".encode()).hexdigest()
        if stated != current:
            yield f"audit entry {number} is not what was written"
            current = stated
    if head != current:
        yield f"the audit chain does not end where it was left (after entry {expected})"
