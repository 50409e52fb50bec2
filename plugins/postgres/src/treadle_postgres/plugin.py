"""What treadle-postgres contributes: the state store for several machines."""

from collections.abc import Iterator

from treadle_hookspecs import StateStore, hookimpl


@hookimpl
def treadle_state_stores() -> Iterator[StateStore]:
    """A schema of a Postgres database, for any number of processes on any number of machines."""
    target = "treadle_postgres._store:PostgresStore"
    yield StateStore("postgresql", target, "a Postgres database, for several machines")
    yield StateStore("postgres", target, "the same, by the scheme's short name")
