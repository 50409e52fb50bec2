"""What `copier.yml` says: questions, and whether the template brings code. Read as data; nothing is run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from treadle_hookspecs import Question, TreadleError

TYPES: Final = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "json": "json",
    "yaml": "json",
    "path": "str",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a template's settings say.

    Attributes:
        questions: what it asks.
        computed: names whose default copier computes when it renders.
        secrets: names whose answers are secret.
        tasks: how many commands it runs.
        extensions: code that is loaded to render it.
    """

    questions: tuple[Question, ...]
    computed: frozenset[str]
    secrets: frozenset[str]
    tasks: int = 0
    extensions: tuple[str, ...] = ()

    @property
    def code(self) -> bool:
        """It runs code of its own."""
        return bool(self.tasks or self.extensions)


class _Loader(yaml.SafeLoader):
    """The safe loader, with `!include` of files beside."""

    folder: Path


def _include(loader: Any, node: yaml.Node) -> Any:
    found: dict[str, Any] = {}
    for path in sorted(loader.folder.glob(str(node.value))):
        if path.resolve().is_relative_to(loader.folder.resolve()):
            found.update(_load(path) or {})
    return found


_Loader.add_constructor("!include", _include)


def read_settings(path: Path) -> Settings:
    """The settings of a template. Raises `TreadleError` with the file's line."""
    data = _load(path)
    if not isinstance(data, dict):
        raise TreadleError(f"{path}: it holds no settings", context={"file": str(path)})
    secrets = frozenset(map(str, data.get("_secret_questions") or ()))
    asked = {str(name): _spelt(value) for name, value in data.items() if not str(name).startswith("_")}
    secrets |= {name for name, told in asked.items() if told.get("secret")}
    tasks = [*(data.get("_tasks") or ()), *(data.get("_migrations") or ())]
    return Settings(
        tuple(_question(name, told, secrets) for name, told in asked.items() if told.get("when") is not False),
        frozenset(name for name, told in asked.items() if _is_computed(told)),
        secrets,
        len(tasks),
        tuple(map(str, data.get("_jinja_extensions") or ())),
    )


def _load(path: Path) -> Any:
    merged: dict[str, Any] = {}
    try:
        loader = _Loader(path.read_text("utf-8"))
        loader.folder = path.parent
        while loader.check_data():  # type: ignore[no-untyped-call]
            merged.update(loader.get_data() or {})
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TreadleError(f"{path}:{line}: {error.problem}", context={"file": str(path), "line": line}) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise TreadleError(f"{path}: {error}", context={"file": str(path)}) from None
    return merged


def _spelt(value: Any) -> dict[str, Any]:
    """A question in its long form."""
    return value if isinstance(value, dict) else {"default": value}


def _is_computed(told: dict[str, Any]) -> bool:
    default = told.get("default")
    return (isinstance(default, str) and ("{{" in default or "{%" in default)) or (isinstance(told.get("when"), str))


def _question(name: str, told: dict[str, Any], secrets: frozenset[str]) -> Question:
    computed = _is_computed(told)
    default = "" if computed else told.get("default")
    kind = "str" if computed else TYPES.get(str(told.get("type", "")), _guessed(default))
    if name == "project_name" and kind == "str" and not computed:
        default = "{{ PROJECT_NAME }}"
    if told.get("multiselect"):
        kind = "json"
    return Question(
        name,
        kind,  # type: ignore[arg-type]
        default,
        str(told.get("help") or "").partition("\n")[0],
        () if told.get("multiselect") or computed else _choices(told.get("choices")),
        name in secrets,
        multiline=bool(told.get("multiline")),
        required=not computed and default is None,
    )


def _guessed(default: Any) -> str:
    if isinstance(default, bool):
        return "bool"
    return {int: "int", float: "float", list: "json", dict: "json"}.get(type(default), "str")


def _choices(told: Any) -> tuple[Any, ...]:
    """The values of choices, however they are written; () where copier computes them."""
    if isinstance(told, dict):
        told = [value["value"] if isinstance(value, dict) else value for value in told.values()]
    if not isinstance(told, list):
        return ()
    values = [one[1] if isinstance(one, list) and len(one) == 2 else one for one in told]
    values = [one["value"] if isinstance(one, dict) and "value" in one else one for one in values]
    return () if any(isinstance(one, str) and "{{" in one for one in values) else tuple(values)
