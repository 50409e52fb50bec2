"""Looking at the invariants that a store can see."""

from collections.abc import Iterator
from typing import Final

from treadle_hookspecs import Finding

from treadle_sqlite import _audit, _guard, _payloads, _schema
from treadle_sqlite._connect import Reader
from treadle_sqlite._location import Location
from treadle_sqlite._rules import RULES, Rule

_RESTORE: Final = "restore the state file from a backup"
_REPORT: Final = "please report it with the output of `treadle doctor --json`"

_SHOWN: Final = 20
"""Findings of one rule that are listed; a broken file may have millions."""


def check(location: Location, reader: Reader) -> Iterator[Finding]:
    """`StoreBackend.check`."""
    damage = [*_damage(reader)]
    yield from damage
    yield from _version(reader)
    yield from _surroundings(location, reader)
    if not damage:
        for rule in RULES:
            yield from _broken(reader, rule)
        for broken in _audit.breaks(reader):
            yield Finding("I7", broken, "find out who changed the state file; what follows it cannot be trusted")
        for spoilt in _payloads.spoilt(reader):
            yield Finding("I1", f"{spoilt} is not what was written", _RESTORE)


def _damage(reader: Reader) -> Iterator[Finding]:
    for (line,) in reader.query(f"PRAGMA integrity_check({_SHOWN})"):
        if line != "ok":
            yield Finding("I1", f"the state file is damaged: {line}", _RESTORE)
    for table, row, parent, _ in reader.query("PRAGMA foreign_key_check")[:_SHOWN]:
        yield Finding("I1", f"row {row} of `{table}` refers to a row of `{parent}` that is not there", _RESTORE)


def _version(reader: Reader) -> Iterator[Finding]:
    application = reader.query("PRAGMA application_id")[0][0]
    version = reader.query("PRAGMA user_version")[0][0]
    if (application, version) != (_schema.APPLICATION_ID, _schema.VERSION):
        yield Finding(
            "I1", f"the state file has schema {version}, not {_schema.VERSION}", "close treadle and open it again"
        )


def _surroundings(location: Location, reader: Reader) -> Iterator[Finding]:
    if reader.query("SELECT value FROM meta WHERE key = 'store'") != [(_guard.marked_store(location),)]:
        yield Finding(
            "I1",
            f"{location.marker} does not belong to the state file beside it",
            "if you put the file there yourself, remove the marker: it is written anew",
        )
    for path in (location.path, location.log, location.marker):
        if path.exists() and path.stat().st_mode & 0o077:
            yield Finding("I10", f"{path} is open to other people", f"chmod 600 {path}")
    if location.claims.exists() and location.claims.stat().st_mode & 0o077:
        yield Finding("I10", f"{location.claims} is open to other people", f"chmod 700 {location.claims}")


def _broken(reader: Reader, rule: Rule) -> Iterator[Finding]:
    for row in reader.query(f"{rule.query} LIMIT {_SHOWN}"):
        yield Finding(rule.invariant, rule.message.format(*row), _REPORT)
