"""Where the state is: the parts of a store's URL."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from treadle_hookspecs import ExitCode, Json, TreadleError

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_SECRET: Final = ("password", "sslpassword", "oauth_client_secret")
_EXAMPLE: Final = "postgresql://user@host:5432/database?schema=treadle"


@dataclass(frozen=True, slots=True)
class Location:
    """A schema of a database.

    Attributes:
        conninfo: libpq's connection string, password included.
        url: the same for people, without a password.
        schema: holds the tables; a name that needs no quotes.
        reconnect: seconds to wait for a server that has gone away.
        secrets: texts that no message may show.
    """

    conninfo: str = field(repr=False)
    url: str
    schema: str = "treadle"
    reconnect: float = 30.0
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def channel(self) -> str:
        """What `LISTEN` and `NOTIFY` use."""
        return f"treadle_{self.schema}"


def locate(url: str, options: Mapping[str, Json]) -> Location:
    """Read a URL. Raises `TreadleError` for one that cannot be meant; what stands in it wins over `options`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _refused(f"the store's URL is not valid: {error}") from error
    if parts.scheme not in ("postgresql", "postgres"):
        raise _refused(f"`{parts.scheme}:` is not a Postgres URL")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = {key: options[key] for key in ("schema", "reconnect") if key in options}
    given |= {key: query.pop(key) for key in ("schema", "reconnect") if key in query}
    conninfo = _joined(parts.netloc, parts.path, query)
    secrets = (unquote(parts.password or ""), *(query.get(key, "") for key in _SECRET))
    return Location(
        conninfo,
        _public(parts.netloc, parts.path, query, given),
        _schema(str(given.get("schema", "treadle"))),
        _seconds(given.get("reconnect", 30)),
        tuple(secret for secret in secrets if secret),
    )


def _public(netloc: str, path: str, query: Mapping[str, str], given: Mapping[str, Json]) -> str:
    login, at, host = netloc.rpartition("@")
    shown = {key: value for key, value in query.items() if key not in _SECRET}
    shown |= {key: str(value) for key, value in given.items()}
    return _joined(f"{login.partition(':')[0]}{at}{host}", path, shown)


def _joined(netloc: str, path: str, query: Mapping[str, str]) -> str:
    options = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"postgresql://{netloc}{path}{options}"


def _schema(name: str) -> str:
    if not _SCHEMA.fullmatch(name) or name.startswith("pg_"):
        raise _refused(f"`{name}` cannot be the schema: small letters, digits and `_`, at most 41")
    return name


def _seconds(value: Json) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise _refused(f"`reconnect={value}` is not a number of seconds")
    return seconds


def _refused(message: str) -> TreadleError:
    return TreadleError(message, suggestions=(f"a store's URL looks like this: {_EXAMPLE}",), exit_code=ExitCode.USAGE)
