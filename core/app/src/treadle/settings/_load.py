"""From the layers to the settings in force: the strongest value of each key, validated."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Json, TreadleError

from treadle.settings._model import (
    KEYS,
    ComposeSettings,
    PluginSettings,
    SecretSettings,
    Settings,
    SqliteSettings,
    TemporalSettings,
    WorkspaceSettings,
    processors,
)
from treadle.settings._sources import Given, flat, of_project, of_user, user_file
from treadle.settings._variables import counterparts, database, mistyped, own
from treadle.suggestions import did_you_mean

OVERRIDE: Final = "override"
_TEXTS: Final = ("home", "store", "host", "runtime", "blobs")
_SECTIONS: Final = {
    "sqlite": SqliteSettings,
    "plugins": PluginSettings,
    "secrets": SecretSettings,
    "compose": ComposeSettings,
    "temporal": TemporalSettings,
    "workspace": WorkspaceSettings,
}


def load_settings(root: Path, overrides: Mapping[str, Json], environ: Mapping[str, str]) -> Settings:
    """The settings of a project, rising from the user's file, `treadle.toml`, `[tool.treadle]` in `pyproject.toml`,
    variables, to `overrides`.

    Args:
        root: the project's folder.
        overrides: by dotted key or nested, e.g. `{"plugins": {"enabled": False}}`; a None sets nothing.
        environ: the environment.

    Raises:
        TreadleError: a file cannot be read, or a key or value in it is wrong (exit code 2); a project's file sets what
            it may not (exit code 4). All wrong values are named at once.
    """  # noqa: D205 - the layers belong into the first sentence
    notes = list(mistyped(environ))
    files = (of_user(user_file(environ)), *of_project(root))
    variables = (_sound(counterparts(environ), notes), database(environ, notes), own(environ))
    given: dict[str, Given] = {}
    for layer in (*files, *variables, _overrides(overrides)):
        given |= layer
    return _built(given, tuple(notes))


def _sound(given: dict[str, Given], notes: list[str]) -> dict[str, Given]:
    """Without what is wrong: a variable with a general name may belong to another program."""
    problems = {key: _problem(key, one) for key, one in given.items()}
    notes += (f"{given[key].origin} was not taken as `{key}`: {text}" for key, text in problems.items() if text)
    return {key: one for key, one in given.items() if not problems[key]}


def _problem(key: str, one: Given) -> str:
    from treadle.settings._validation import problem_of

    return problem_of(key, one.value)


def _overrides(overrides: Mapping[str, Json]) -> dict[str, Given]:
    given = {key: Given(value, OVERRIDE) for key, value in flat(overrides) if value is not None}
    unknown = [key for key in given if key not in KEYS]
    if unknown:
        raise TreadleError(
            f"there is no setting {', '.join(f'`{key}`' for key in unknown)}",
            context={"keys": unknown},
            suggestions=tuple(hint for key in unknown if (hint := did_you_mean(key, KEYS))),
        )
    return given


def _built(given: Mapping[str, Given], notes: tuple[str, ...]) -> Settings:
    values = _valid(given)
    home = values.get("home")
    values["home"] = Path(str(home)).expanduser().absolute() if home else _default_home()
    values["max_parallel"] = values.get("max_parallel") or processors()
    return Settings(
        **_top(values),
        **{name: section(**_within(values, name)) for name, section in _SECTIONS.items()},
        origins={key: one.origin for key, one in given.items()},
        notes=notes,
    )


def _valid(given: Mapping[str, Given]) -> dict[str, Any]:
    """The values. Those that need no validation are spared the import of pydantic (0.2 s)."""
    values = {key: one.value for key, one in given.items()}
    if all(key in _TEXTS and isinstance(value, str) for key, value in values.items()):
        return values
    from treadle.settings._validation import validated

    return validated(given)


def _default_home() -> Path:
    from platformdirs import user_state_path

    return user_state_path("treadle")


def _top(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if "." not in key}


def _within(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    return {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{section}.")}
