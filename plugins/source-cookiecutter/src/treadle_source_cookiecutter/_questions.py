"""What `cookiecutter.json` says: questions, and whether the template brings code. Read as data; nothing is run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Question, TreadleError

NAME: Final = "cookiecutter.json"
_KINDS: Final = {bool: "bool", int: "int", float: "float", dict: "json"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a template's settings say.

    Attributes:
        questions: what it asks.
        computed: names whose default cookiecutter computes when it renders.
        hooks: names of its hooks.
        extensions: code that is loaded to render it.
    """

    questions: tuple[Question, ...]
    computed: frozenset[str]
    hooks: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()

    @property
    def code(self) -> bool:
        """It runs code of its own."""
        return bool(self.hooks or self.extensions)


def read_settings(folder: Path) -> Settings:
    """The settings of a template. Raises `TreadleError` with line and column."""
    path = folder / NAME
    try:
        data = json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise TreadleError(f"{path}: {error}", context={"file": str(path)}) from None
    if not isinstance(data, dict):
        raise TreadleError(f"{path}: it holds no questions", context={"file": str(path)})
    asked = {name: value for name, value in data.items() if not name.startswith("_")}
    told = data.get("__prompts__")
    prompts = told if isinstance(told, dict) else {}
    return Settings(
        tuple(_question(name, value, _help(prompts.get(name))) for name, value in asked.items()),
        frozenset(name for name, value in asked.items() if _is_computed(value)),
        _hooks(folder),
        tuple(map(str, data.get("_extensions") or ())),
    )


def _hooks(folder: Path) -> tuple[str, ...]:
    names = ("pre_prompt", "pre_gen_project", "post_gen_project")
    found = (folder / "hooks").iterdir() if (folder / "hooks").is_dir() else ()
    return tuple(sorted(path.name for path in found if path.stem in names))


def _is_computed(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return any(isinstance(text, str) and ("{{" in text or "{%" in text) for text in texts)


def _question(name: str, value: Any, told: str) -> Question:
    if _is_computed(value):
        return Question(name, "str", "", told, required=False)
    if isinstance(value, list):
        return Question(name, "str", str(value[0]) if value else "", told, tuple(map(str, value)), required=False)
    kind = _KINDS.get(type(value), "str")
    default = "{{ PROJECT_NAME }}" if name == "project_name" and kind == "str" else value
    return Question(name, kind, default, told, required=False)  # type: ignore[arg-type]


def _help(told: Any) -> str:
    if isinstance(told, dict):
        told = told.get("__prompt__", "")
    return str(told or "").partition("\n")[0]
