"""Definitions of other dialects as canonical YAML (`treadle convert`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from treadle_hookspecs import ExitCode, Json, TreadleError

if TYPE_CHECKING:
    from treadle.plugins import PluginHost

_WIDTH: Final = 110
_UNFIT: Final = "TRD0118"
"""The dialect has no place for what was found."""


def converted(path: Path, plugins: "PluginHost") -> str:
    """The definition in `path` as canonical YAML, whatever dialect it is written in.

    Raises:
        TreadleError: there is no such file (exit code 3), or it cannot be read as what it is (2). What it asks for that
            is not installed is no reason.
    """
    from treadle.definition import load_file, plain
    from treadle.workflows import DefinitionError

    loaded = load_file(path, plugins)
    if loaded.document is None or any(problem.code == _UNFIT for problem in loaded.errors):
        raise DefinitionError(loaded)
    return _written(plain(loaded.document.root), path.name)


def write_converted(text: str, target: Path, *, force: bool = False) -> None:
    """Write what was converted. Raises `TreadleError` when the file is there (exit code 5) or cannot be written (4)."""
    if target.exists() and not force:
        raise TreadleError(
            f"{target} is there already; nothing was written",
            suggestions=("--force overwrites it", "name another file with --output"),
            exit_code=ExitCode.CONFLICT,
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TreadleError(f"cannot write {target}: {error.strerror}", exit_code=ExitCode.NOT_ALLOWED) from error


def _written(definition: Json, name: str) -> str:
    body = yaml.dump(definition, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return f"# Converted from {name}.\n{body}"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, small lists and objects in one line, and no references."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text and text == text.strip(" ") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _flat(value: Any) -> bool:
    items = value.values() if isinstance(value, Mapping) else value
    return not any(isinstance(item, dict | list) for item in items) and len(str(value)) < _WIDTH - 30


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=_flat(items))


def _table(dumper: yaml.SafeDumper, table: dict[str, Any]) -> yaml.Node:
    small = bool(table) and "id" not in table and _flat(table) and len(table) < 4
    return dumper.represent_mapping("tag:yaml.org,2002:map", table.items(), flow_style=small or not table)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _table)
