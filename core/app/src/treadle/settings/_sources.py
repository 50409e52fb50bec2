"""Files that hold settings: read, flattened to dotted keys, each value with the line it stands in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.settings._model import KEYS
from treadle.suggestions import did_you_mean

FILE: Final = "config.toml"
PROJECT_FILE: Final = "treadle.toml"
_TABLE: Final = "tool.treadle"
_MAX_BYTES: Final = 1_000_000
_GUARDED: Final = ("home", "store", "sqlite", "plugins", "trust", "secrets", "encryption", "agents", "default_agent")
"""What a repository could otherwise use against whoever cloned it."""
_APART: Final = ("agents", "default_agent")
"""What the roster of agents reads of the user's file by itself."""

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\"'-]+(?:\s*\.\s*[A-Za-z0-9_\"'-]+)*)\s*=")


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and where it was given."""

    value: object
    origin: str


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own settings: `$TREADLE_HOME/config.toml`, else in the platform's folder for configuration."""
    if environ.get("TREADLE_HOME"):
        return Path(environ["TREADLE_HOME"]).expanduser() / FILE
    from platformdirs import user_config_path

    return user_config_path("treadle") / FILE


def of_user(path: Path) -> dict[str, Given]:
    """What the user's file sets. Raises `TreadleError` for what cannot be read, and for keys that do not exist."""
    given = _read(path, "")
    return _known({key: one for key, one in given.items() if key.partition(".")[0] not in _APART}, path)


def of_project(root: Path) -> Iterator[dict[str, Given]]:
    """What `treadle.toml` and `pyproject.toml` set, the stronger one last.

    Raises:
        TreadleError: a file cannot be read, a key does not exist, or is not a project's to set (exit code 4).
    """
    for name, table in ((PROJECT_FILE, ""), ("pyproject.toml", _TABLE)):
        given = _read(root / name, table)
        _refuse_guarded(given, root / name)
        yield _known(given, root / name)


def _read(path: Path, table: str) -> dict[str, Given]:
    if not path.is_file():
        return {}
    text = _text(path)
    if table and table not in text:
        return {}
    values: Any = _parsed(text, path)
    for part in table.split(".") if table else ():
        values = values.get(part) or {}
    lines = _lines(text)
    prefix = f"{table}." if table else ""
    return {key: Given(value, _place(path, lines.get(prefix + key))) for key, value in flat(values)}


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()[: _MAX_BYTES + 1]
        if len(content) > _MAX_BYTES:
            raise TreadleError(
                f"{path} is larger than {_MAX_BYTES} bytes; settings are short", context={"file": str(path)}
            )
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise TreadleError(f"the settings in {path} cannot be read: {error}", context={"file": str(path)}) from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        place = _place(path, int(line[1]) if line else None)
        raise TreadleError(f"{place}: not valid TOML: {error}", context={"file": str(path)}) from error


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Nested values by dotted key."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _lines(text: str) -> dict[str, int]:
    """The line of each dotted key, as far as a look at single lines can tell; the first one counts."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = f"{_bare(header[1])}."
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault(table + _bare(assignment[1]), number)
    return lines


def _bare(key: str) -> str:
    return re.sub(r"[\s\"']", "", key)


def _place(path: Path, line: int | None) -> str:
    return f"{path}:{line}" if line else str(path)


def _known(given: Mapping[str, Given], path: Path) -> dict[str, Given]:
    unknown = {key: one for key, one in given.items() if key not in KEYS}
    if unknown:
        listed = "; ".join(f"{one.origin}: there is no setting `{key}`" for key, one in unknown.items())
        hints = (did_you_mean(key, KEYS) for key in unknown)
        raise TreadleError(
            listed,
            context={"file": str(path), "keys": list(unknown)},
            suggestions=(*(hint for hint in hints if hint), "docs/reference/settings.md lists every setting"),
        )
    return dict(given)


def _refuse_guarded(given: Mapping[str, Given], path: Path) -> None:
    refused = {key: one for key, one in given.items() if _guarded(key)}
    if refused:
        listed = "; ".join(f"{one.origin}: a project may not set `{key}`" for key, one in refused.items())
        raise TreadleError(
            listed,
            context={"file": str(path), "keys": list(refused)},
            suggestions=("set it in your own config.toml, or by its TREADLE_ variable, and delete it here",),
            exit_code=ExitCode.NOT_ALLOWED,
        )


def _guarded(key: str) -> bool:
    return key.partition(".")[0] in _GUARDED or (key in KEYS and not KEYS[key].metadata["shared"])
