"""What went wrong with the server, in words for a person: each error names the database and what to do next."""

from typing import Final

import psycopg
from treadle_hookspecs import ExitCode, TreadleError

from treadle_postgres._location import Location

_RESUME: Final = "then run `treadle resume`"
_CAUSES: Final[dict[str, tuple[str, str]]] = {
    "53100": ("the server's disk is full", f"free some space, {_RESUME}"),
    "53200": ("the server has not enough memory", f"give it some, {_RESUME}"),
    "53300": ("the server has no connection left", "raise its `max_connections`, or run fewer workers"),
    "25006": ("the server takes no writes: it is a standby, or read-only", "name the primary server"),
    "42501": ("this user may not do that", "grant it the right to create and use the schema"),
    "28P01": ("the server does not accept the password", "set the right one in the URL, PGPASSWORD or ~/.pgpass"),
    "28000": ("the server does not let this user in", "look at its pg_hba.conf"),
    "3D000": ("there is no such database", "make it with `createdb`"),
}
_WORDS: Final = (
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ('role "', "28000"),
    ('" does not exist', "3D000"),
    ("starting up", "57P03"),
    ("shutting down", "57P03"),
    ("in recovery mode", "57P03"),
)
"""What tells the cause of a refused connection, which has no code."""
_LOST: Final = ("57P01", "57P02", "57P03", "57P05", "25P03")
_AGAIN: Final = ("40001", "40P01", "53300", "57P03")


def code_of(error: psycopg.Error) -> str:
    """The SQLSTATE, guessed from the words where the server was never reached; "" when nothing is known."""
    if error.sqlstate:
        return error.sqlstate
    text = str(error)
    return next((code for words, code in _WORDS if words in text), "")


def is_lost(connection: psycopg.Connection, error: psycopg.Error) -> bool:
    """The session has ended: whether its last transaction was committed has to be looked up."""
    code = code_of(error)
    without_a_word = isinstance(error, psycopg.OperationalError) and not error.sqlstate
    return connection.closed or without_a_word or code in _LOST or code.startswith("08")


def passes_by_itself(error: psycopg.Error) -> bool:
    """The same again may succeed: a deadlock, a server that is starting or has no connection left."""
    return code_of(error) in _AGAIN


def storage_error(location: Location, doing: str, error: psycopg.Error | UnicodeError) -> TreadleError:
    """The error for a person, with exit code 6. `doing` continues "cannot …"."""
    code = code_of(error) if isinstance(error, psycopg.Error) else ""
    reason = without_secrets(location, " ".join(str(error).split()))
    cause, hint = _CAUSES.get(code, ("it did not answer as it should", "look at `reason`, and at the server's log"))
    if not code and isinstance(error, psycopg.OperationalError):
        cause, hint = "it cannot be reached", f"look whether the server runs and the URL is right, {_RESUME}"
    return untrusted(location, f"cannot {doing} the state database: {cause}", hint, reason=f"{code} {reason}".strip())


def without_secrets(location: Location, text: str) -> str:
    """The text with each password masked."""
    for secret in location.secrets:
        text = text.replace(secret, "***")
    return text


def untrusted(location: Location, message: str, *suggestions: str, reason: str = "") -> TreadleError:
    """An error about this database with exit code 6."""
    context = {"store": location.url} | ({"reason": reason} if reason else {})
    return TreadleError(message, context=context, suggestions=suggestions, exit_code=ExitCode.STORAGE)


def closed(location: Location) -> TreadleError:
    """The store was used before `open` or after `close`."""
    return untrusted(location, "the state store is not open", "call `open` first")
