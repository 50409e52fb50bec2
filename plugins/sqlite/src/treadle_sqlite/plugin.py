"""What treadle-sqlite contributes: the state store for one machine."""

from collections.abc import Iterator

from treadle_hookspecs import StateStore, hookimpl


@hookimpl
def treadle_state_stores() -> Iterator[StateStore]:
    """One SQLite file, for one machine and any number of processes on it."""
    yield StateStore("sqlite", "treadle_sqlite._store:SqliteStore", "one SQLite file on this machine")
