"""The reference page of the settings, written from the model."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

from treadle.settings._model import KEYS, Settings
from treadle.settings._variables import COUNTERPARTS, DATABASE, variable_of

_HEAD = """\
# Settings

This page is generated from the settings' model (`treadle.settings.reference`).

A value rises from the user's file, the project's `treadle.toml`, `[tool.treadle]` in its `pyproject.toml`, environment
variables, to flags of the command line; the last one wins. The user's file is `config.toml` in `$TREADLE_HOME` if that
variable is set, else in the platform's folder for configuration (on Linux `~/.config/treadle`). `treadle doctor` shows
where each value comes from.

A key that does not exist is an error. A project's file may set only the keys marked *project*: what decides where state
is kept, which plugins are loaded and how secrets are kept belongs to the person at the machine.

| key | type | default | variable | who | meaning |
|---|---|---|---|---|---|
"""

_COUNTERPARTS = """
## Variables with general names

These are understood as well; the `TREADLE_` variable of the same key wins over them. Since other programs may use the
same names, a value that cannot be read is left out, and `treadle doctor` says so.

| variable | key | unit |
|---|---|---|
"""


_DATABASE = f"""
`DATABASE_TYPE=postgresql` makes `DATABASE_{"`, `DATABASE_".join(DATABASE[1:])}` the address of the store.
"""


def reference() -> str:
    """`docs/reference/settings.md`."""
    return _HEAD + "".join(_rows()) + _COUNTERPARTS + "".join(_counterpart_rows()) + _DATABASE


def _rows() -> Iterator[str]:
    for key, one in KEYS.items():
        who = "project" if one.metadata["shared"] else "user"
        meaning = one.metadata["text"]
        yield f"| `{key}` | {_type(key)} | {_default(key)} | `{variable_of(key)}` | {who} | {meaning} |\n"


def _counterpart_rows() -> Iterator[str]:
    for variable, (key, convert) in COUNTERPARTS.items():
        unit = "milliseconds" if convert("1000") != "1000" else "days" if key == "retention_days" else ""
        yield f"| `{variable}` | `{key}` | {unit} |\n"


def _type(key: str) -> str:
    section, _, name = key.rpartition(".")
    model = get_type_hints(Settings)[section] if section else Settings
    annotation: Any = get_type_hints(model)[name]
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    text = {
        "home": "path",
        "default_timeout": "number",
        "workspace.lost_after": "number",
        "plugins.disable": "list of texts",
    }.get(key)
    return (text or {str: "text", int: "integer", float: "number", bool: "boolean"}[annotation]) + _bounds(key)


def _bounds(key: str) -> str:
    words = {"ge": "≥", "gt": ">"}
    return "".join(f" {words[name]} {value:g}" for name, value in KEYS[key].metadata["bounds"].items())


def _default(key: str) -> str:
    default: Any = KEYS[key].default
    if key == "home":
        return "the platform's folder for state, `treadle`"
    if key == "max_parallel":
        return "the number of processors"
    if default in (None, ()):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
