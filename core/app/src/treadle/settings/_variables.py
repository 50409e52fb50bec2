"""Environment variables: treadle's own, and those of an earlier engine whose meaning ours have."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from treadle.settings._model import KEYS
from treadle.settings._sources import Given
from treadle.suggestions import closest

PREFIX: Final = "TREADLE_"

_OWN_NAMES: Final = {"plugins.disable": "TREADLE_DISABLE"}

INTERNAL: Final = frozenset({"TREADLE_CRASH_AT", "TREADLE_KEY", "TREADLE_OUTPUT", "TREADLE_PROCESS"})
"""Variables of ours that are no settings."""


def variable_of(key: str) -> str:
    """The variable that sets a key: `TREADLE_SQLITE_SYNCHRONOUS` for `sqlite.synchronous`."""
    return _OWN_NAMES.get(key, PREFIX + key.replace(".", "_").upper())


VARIABLES: Final[Mapping[str, str]] = {variable_of(key): key for key in KEYS}
"""The key by variable."""


def _seconds(milliseconds: str) -> str:
    return repr(float(milliseconds) / 1000)


def _same(text: str) -> str:
    return text


COUNTERPARTS: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "MAX_CONCURRENT_WORKFLOWS": ("max_concurrent_workflows", _same),
    "DEFAULT_WORKFLOW_TIMEOUT": ("default_timeout", _seconds),
    "MAX_CONCURRENT_STEPS": ("max_parallel", _same),
    "ENABLE_WORKFLOW_METRICS": ("metrics", _same),
    "ENABLE_WORKFLOW_RECOVERY": ("recovery", _same),
    "LOG_LEVEL": ("log_level", _same),
    "DEBUG_MODE": ("debug", _same),
    "RETENTION_DAYS": ("retention_days", _same),
    "retentionDays": ("retention_days", _same),
}
"""Variables with general names: the key each one sets, and what makes its text ours (milliseconds become seconds)."""

DATABASE: Final = ("TYPE", "HOST", "PORT", "NAME", "USERNAME", "PASSWORD")
"""`DATABASE_TYPE` and so on: together they are the URL of the store."""


def own(environ: Mapping[str, str]) -> dict[str, Given]:
    """What `TREADLE_*` variables set; an empty one sets nothing."""
    return {
        key: Given(_typed(key, environ[variable]), variable)
        for variable, key in VARIABLES.items()
        if environ.get(variable)
    }


def counterparts(environ: Mapping[str, str]) -> dict[str, Given]:
    """What the variables with general names set. They may belong to another program: one we cannot read is noted."""
    found = ((variable, *entry) for variable, entry in COUNTERPARTS.items() if environ.get(variable))
    return {key: Given(_converted(environ[variable], convert), variable) for variable, key, convert in found}


def database(environ: Mapping[str, str], notes: list[str]) -> dict[str, Given]:
    """The store that `DATABASE_*` variables name. They may belong to another program: `DATABASE_TYPE` has to say so."""
    given = {name: environ[f"DATABASE_{name}"] for name in DATABASE if environ.get(f"DATABASE_{name}")}
    kind = given.get("TYPE", "").lower()
    if kind in ("postgresql", "postgres"):
        return {"store": Given(_address(given), "DATABASE_TYPE")}
    if kind and kind != "sqlite":
        notes.append(
            f"DATABASE_TYPE was not taken as `store`: there is no store {kind!r}; it may be postgresql or sqlite"
        )
    elif given and not kind:
        notes.append(f"DATABASE_{next(iter(given))} was not taken: DATABASE_TYPE=postgresql would make it the store's")
    return {}


def _address(given: Mapping[str, str]) -> str:
    login = quote(given.get("USERNAME", ""), safe="")
    if "PASSWORD" in given:
        login += f":{quote(given['PASSWORD'], safe='')}"
    port = f":{given['PORT']}" if "PORT" in given else ""
    name = quote(given.get("NAME", ""), safe="")
    return f"postgresql://{f'{login}@' if login else ''}{given.get('HOST', 'localhost')}{port}/{name}"


def mistyped(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like one of ours with a slip."""
    for name in environ:
        if name.startswith(PREFIX) and name not in VARIABLES and name not in INTERNAL:
            meant = closest(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in VARIABLES])
            if meant:
                yield f"the variable {name} is no setting; did you mean {PREFIX}{meant}?"


def _typed(key: str, text: str) -> object:
    return [part.strip() for part in text.split(",") if part.strip()] if key == "plugins.disable" else text


def _converted(text: str, convert: Callable[[str], str]) -> str:
    try:
        return convert(text)
    except ValueError:
        return text
