"""Where the state file is and how it is opened: the store's URL and options, understood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from treadle_hookspecs import ExitCode, Json, TreadleError

SCHEME: Final = "sqlite"
SYNCHRONOUS: Final = ("FULL", "NORMAL", "EXTRA")
OPTIONS: Final = ("busy_timeout", "path", "synchronous")
_BUSY_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Location:
    """A state file and how to open it.

    Attributes:
        path: the absolute path of the database; everything else that treadle keeps stands beside it.
        synchronous: SQLite's setting: `FULL` survives a power cut, `NORMAL` may lose the last commits then.
        busy_timeout: seconds to wait for another process's write.
    """

    path: Path
    synchronous: str = "FULL"
    busy_timeout: float = _BUSY_TIMEOUT

    @property
    def url(self) -> str:
        """The store's URL in its one canonical form."""
        return f"{SCHEME}:///{quote(self.path.as_posix().removeprefix('/'))}"

    @property
    def marker(self) -> Path:
        """Says that a database was made here, so that one that vanished is noticed."""
        return self.beside(".marker")

    @property
    def checkpoint_lock(self) -> Path:
        """Held by whoever moves the write-ahead log into the database, or makes the database."""
        return self.beside(".checkpoint")

    @property
    def claims(self) -> Path:
        """The folder of claims: one locked file for each execution that is being driven."""
        return self.beside(".claims")

    @property
    def log(self) -> Path:
        """SQLite's write-ahead log."""
        return self.beside("-wal")

    def beside(self, suffix: str) -> Path:
        """The path with a suffix added to its name."""
        return self.path.with_name(self.path.name + suffix)


def locate(url: str, options: Mapping[str, Json]) -> Location:
    """Understand a store's URL: `sqlite:///abs/path?synchronous=NORMAL`, or `sqlite:` with `options["path"]`.

    Raises:
        TreadleError: the URL or an option has no meaning (exit code 2).
    """
    parts = urlsplit(url)
    chosen = {**options, **dict(_query(parts.query, url))}
    _refuse_unknown(chosen, url)
    path = _path(url, parts.scheme, parts.netloc, unquote(parts.path) or str(chosen.get("path") or ""))
    return Location(
        path=path,
        synchronous=_synchronous(str(chosen.get("synchronous") or "FULL"), url),
        busy_timeout=_seconds(chosen.get("busy_timeout", _BUSY_TIMEOUT), url),
    )


def _query(query: str, url: str) -> Iterator[tuple[str, str]]:
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "path":
            raise _unusable(url, "the path of a state file stands in the URL itself, not behind the question mark")
        yield name, value


def _refuse_unknown(options: Mapping[str, Json], url: str) -> None:
    for name in options:
        if name not in OPTIONS:
            from difflib import get_close_matches

            near = get_close_matches(name, OPTIONS, n=1)
            known = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(OPTIONS)}"
            raise _unusable(url, f"a SQLite store has no option `{name}`", known)


def _path(url: str, scheme: str, host: str, text: str) -> Path:
    if scheme != SCHEME:
        raise _unusable(url, f"it is not a `{SCHEME}:` URL")
    if host:
        raise _unusable(url, f"`{host}` stands where a host would, and a file has none; write three slashes")
    path = Path(text.removeprefix("/") if text[2:3] == ":" else text).expanduser()
    if not text or not path.is_absolute():
        raise _unusable(
            url, "the path of the state file must be absolute", f"write `{SCHEME}:///absolute/path/state.db`"
        )
    # Claims stand beside the file: whoever reaches it by a link must find the same ones.
    return path.resolve()


def _synchronous(text: str, url: str) -> str:
    if text.upper() not in SYNCHRONOUS:
        raise _unusable(url, f"`synchronous` cannot be `{text}`", f"it is one of {', '.join(SYNCHRONOUS)}")
    return text.upper()


def _seconds(value: Json, url: str) -> float:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise _unusable(url, f"`busy_timeout` cannot be `{value}`", "it is a number of seconds from 0 to 3600")
    return seconds


def _unusable(url: str, why: str, *suggestions: str) -> TreadleError:
    return TreadleError(
        f"the state store's URL cannot be used: {why}",
        context={"url": url},
        suggestions=suggestions or (f"write `{SCHEME}:///absolute/path/state.db`",),
        exit_code=ExitCode.USAGE,
    )
