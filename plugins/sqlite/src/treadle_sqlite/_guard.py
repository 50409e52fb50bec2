"""Making a state file, and looking hard at one that is there before trusting it.

A marker beside the database says that one was made here. So an empty file, a foreign file or no file at all where there
was one stops with a message; treadle never starts over in silence.
"""

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import orjson
from treadle_hookspecs import TreadleError

from treadle_sqlite import _schema
from treadle_sqlite._errors import storage_error, untrusted
from treadle_sqlite._location import Location
from treadle_sqlite._lock import take

_MAGIC: Final = b"SQLite format 3\x00"
_HEADER: Final = 100
_OLDEST_SQLITE: Final = (3, 37, 0)
"""STRICT tables came with it."""

_PATIENCE: Final = 30.0
"""Seconds to wait for another process that makes, migrates or checkpoints the database at this moment."""


def prepare(location: Location) -> None:
    """Leave a database at the location that may be opened: make one, or look at the one that is there.

    Raises:
        TreadleError: it cannot be trusted, or not be made (exit code 6).
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise untrusted(
            location,
            f"this Python's SQLite is {sqlite3.sqlite_version}, too old for the state store",
            "use a Python with SQLite 3.37 or newer",
        )
    try:
        location.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not location.path.exists():
            _create(location)
        inspect_header(location)
        location.claims.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise storage_error(location, "open", error) from error


@contextmanager
def alone(location: Location) -> Iterator[None]:
    """Keep others from making, migrating and checkpointing the database. Raises `TreadleError` (exit code 6)."""
    lock = take(location.checkpoint_lock, wait=_PATIENCE)
    if lock is None:
        raise untrusted(
            location,
            "another process has been making or migrating the state file for too long",
            f"its number stands in {location.checkpoint_lock}; end it, or try again later",
        )
    try:
        yield
    finally:
        lock.release()


def _create(location: Location) -> None:
    with alone(location):
        if not location.path.exists():
            _refuse_remains(location)
            _build(location)


def _refuse_remains(location: Location) -> None:
    for remains in (location.marker, location.log):
        if remains.exists():
            raise untrusted(
                location,
                f"the state file is gone, but `{remains.name}` says that there was one",
                "restore the state file from a backup",
                f"or, to start anew with an empty history, remove {remains}",
            )


def _build(location: Location) -> None:
    """Make the database under another name first: a crash must not leave an empty file where a state file belongs."""
    draft = location.beside(".new")
    for suffix in ("", "-journal", "-wal", "-shm"):
        location.beside(f".new{suffix}").unlink(missing_ok=True)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        create_schema(draft)
        _sync(draft)
        draft.rename(location.path)
        _sync(location.path.parent)
    except sqlite3.Error as error:
        draft.unlink(missing_ok=True)
        raise storage_error(location, "make", error) from error


def create_schema(path: Path) -> None:
    """Fill an empty file with the tables of this version."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(f"BEGIN; {_schema.TABLES} {_schema.VIEWS}")
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            [("store", uuid.uuid4().hex), ("created_at", str(time.time_ns() // 1000))],
        )
        connection.execute(f"PRAGMA application_id = {_schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_schema.VERSION}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def inspect_header(location: Location) -> None:
    """Refuse a file that SQLite would take for an empty database, or could not read to its end."""
    with location.path.open("rb") as file:
        header = file.read(_HEADER)
    if not header:
        raise _broken(location, "the state file is empty")
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise _broken(location, "the state file is not a SQLite database")
    if _is_cut_off(location):
        # A checkpoint that runs at this moment may have written the header already, and the last pages not yet.
        with alone(location):
            if _is_cut_off(location):
                raise _broken(location, "the state file is cut off: its end is missing")


def _is_cut_off(location: Location) -> bool:
    """True when the database is shorter than it says, and no log holds the rest."""
    if _has_content(location.log):
        return False
    with location.path.open("rb") as file:
        header = file.read(_HEADER)
        size = os.fstat(file.fileno()).st_size
    stated = int.from_bytes(header[16:18], "big")
    page_size = 65536 if stated == 1 else stated
    return size < page_size * int.from_bytes(header[28:32], "big")


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _broken(location: Location, message: str) -> TreadleError:
    return untrusted(
        location,
        message,
        "restore it from a backup",
        f"or move it away together with {location.marker.name} to start anew with an empty history",
    )


def inspect_version(location: Location, connection: sqlite3.Connection) -> int:
    """The schema's version, if the database is ours and not newer than this treadle."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != _schema.APPLICATION_ID:
        raise untrusted(
            location,
            "the state file belongs to another program",
            "name another file with `--store sqlite:///absolute/path/state.db`",
            reason=f"application_id is {application:#x}",
        )
    if version > _schema.VERSION:
        raise untrusted(
            location,
            f"the state file was written by a newer treadle (schema {version}, this one knows {_schema.VERSION})",
            "pip install --upgrade treadle-sqlite",
        )
    return version


def mark(location: Location, connection: sqlite3.Connection) -> None:
    """Put the marker beside the database, and close both to other people."""
    if location.path.stat().st_mode & 0o077:
        with suppress(PermissionError):
            location.path.chmod(0o600)
    if marked_store(location) is not None:
        return
    store = connection.execute("SELECT value FROM meta WHERE key = 'store'").fetchone()[0]
    location.marker.touch(mode=0o600)
    location.marker.write_bytes(orjson.dumps({"application": "treadle", "store": store}) + b"\n")


def marked_store(location: Location) -> str | None:
    """The id of the database that the marker was written for; None without a readable marker."""
    try:
        return str(orjson.loads(location.marker.read_bytes())["store"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sync(path: Path) -> None:
    """Bring a file or a folder to the disk."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
