"""What went wrong with the storage, in words for a person: each error names the file and what to do next."""

import errno
import sqlite3
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle_sqlite._location import Location

_CAUSES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "SQLITE_FULL": ("there is no space left on the disk", ("free some space, then run `treadle resume`",)),
    "SQLITE_BUSY": (
        "another process has been writing to it for too long",
        ("look for a treadle that hangs", "wait longer with `?busy_timeout=60` in the store's URL"),
    ),
    "SQLITE_READONLY": ("it cannot be written", ("make the file and its folder writable for you",)),
    "SQLITE_PERM": ("access to it is denied", ("make the file and its folder readable and writable for you",)),
    "SQLITE_CANTOPEN": ("it cannot be opened", ("make the file and its folder readable and writable for you",)),
    "SQLITE_CORRUPT": ("it is damaged", ("run `treadle doctor`", "restore it from a backup")),
    "SQLITE_NOTADB": ("it is not a SQLite database", ("restore it from a backup", "name another file with `--store`")),
    "SQLITE_IOERR": ("the disk reported an error", ("look at the system's log", "free space or move the state folder")),
    "SQLITE_NOMEM": ("there is not enough memory", ("free some memory, then run `treadle resume`",)),
    "SQLITE_TOOBIG": ("a value is larger than SQLite can keep", ("keep large outputs in files",)),
}


def storage_error(location: Location, doing: str, error: sqlite3.Error | OSError) -> TreadleError:
    """The error for a person, with exit code 6. `doing` continues "cannot …"."""
    cause, suggestions = _cause(error)
    return untrusted(location, f"cannot {doing} the state file: {cause}", *suggestions, reason=_reason(error))


def untrusted(location: Location, message: str, *suggestions: str, reason: str = "") -> TreadleError:
    """An error about this state file with exit code 6."""
    context = {"file": str(location.path)} | ({"reason": reason} if reason else {})
    return TreadleError(message, context=context, suggestions=suggestions, exit_code=ExitCode.STORAGE)


def closed(location: Location) -> TreadleError:
    """The store was used before `open` or after `close`."""
    return untrusted(location, "the state store is not open", "call `open` first")


def _cause(error: sqlite3.Error | OSError) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, OSError):
        return _CAUSES.get(_OS_CAUSES.get(error.errno or 0, ""), (error.strerror or str(error), ()))
    return _CAUSES.get(_primary(error), (str(error), ("run `treadle doctor`",)))


_OS_CAUSES: Final = {
    errno.ENOSPC: "SQLITE_FULL",
    errno.EDQUOT: "SQLITE_FULL",
    errno.EROFS: "SQLITE_READONLY",
    errno.EACCES: "SQLITE_PERM",
    errno.EPERM: "SQLITE_PERM",
    errno.EIO: "SQLITE_IOERR",
}


def _primary(error: sqlite3.Error) -> str:
    """`SQLITE_IOERR_WRITE` → `SQLITE_IOERR`; "" for errors that sqlite3 raises itself."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


def _reason(error: sqlite3.Error | OSError) -> str:
    name = getattr(error, "sqlite_errorname", "")
    return f"{name}: {error}" if name else str(error)
