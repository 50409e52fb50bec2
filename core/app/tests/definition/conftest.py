from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from treadle.definition import Loaded, Problem, agents_checked, load_text
from treadle_hookspecs import Action, JsonObject, RollbackAction

INPUTS: JsonObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "whom to greet"},
        "times": {"type": "integer"},
        "mood": {"enum": ["glad", "sad"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "extra": {"anyOf": [{"type": "object"}, {"type": "null"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
}
RUN_OUTPUTS: JsonObject = {
    "type": "object",
    "properties": {"exit_code": {"type": "integer"}, "stdout": {"type": "string"}, "stderr": {"type": "string"}},
    "additionalProperties": True,
}


class KnownActions:
    """A catalogue of a few actions."""

    def __init__(self) -> None:
        self._actions = {
            "example/greet": Action("greet", "example:greet", aliases=("greet_somebody",), risk="medium"),
            "example/look": Action("look", "example:look", idempotent=True),
            "command/run": Action("run", "command:run", risk="medium"),
        }

    def action(self, name: str) -> Action | None:
        return self._actions.get("example/greet" if name == "greet_somebody" else name)

    def canonical(self, name: str) -> str:
        return "example/greet" if name == "greet_somebody" else name

    def action_inputs(self, name: str) -> JsonObject | None:
        return INPUTS if self.canonical(name) == "example/greet" else None

    def action_outputs(self, name: str) -> JsonObject | None:
        if name == "command/run":
            return RUN_OUTPUTS
        return {"type": "object", "properties": {"text": {"type": "string"}}} if "greet" in name else None

    def action_names(self) -> Sequence[str]:
        return list(self._actions)

    def rollback_action(self, type: str) -> RollbackAction | None:
        return RollbackAction(type, "example:undo") if type in self.rollback_types() else None

    def rollback_types(self) -> Sequence[str]:
        return ["delete-files", "restore-files"]

    def trigger_types(self) -> Sequence[str]:
        return ["cli", "event"]

    def install_hint(self, name: str) -> str:
        return "pip install treadle-testing" if name.startswith("testing/") else ""

    def dialect(self, name: str, head: str) -> None:
        return None

    def unavailable(self, name: str) -> str:
        return "the plugin `broken` raised ImportError" if name.startswith("broken/") else ""


GREETING = """\
treadle: 1
name: greeting
inputs:
  name: {type: string, required: true, description: whom to greet}
  times: {type: integer, default: 1}
outputs:
  text: "{{ steps.greet.outputs.text }}"
steps:
  - id: greet
    uses: example/greet
    with: {name: "{{ inputs.name }}"}
    compensate: {run: echo forget}
"""
"""A workflow that steps can run."""


class OneFolder:
    """A library: the definitions in one folder, by name, and any by path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, reference: str, beside: Path) -> Path | None:
        candidates = (beside / reference, beside / f"{reference}.yaml", self._folder / f"{reference}.yaml")
        return next((path for path in candidates if path.is_file()), None)

    def names(self) -> list[str]:
        return [path.stem for path in self._folder.iterdir()]


@pytest.fixture
def library(tmp_path: Path) -> OneFolder:
    """A library that knows `greeting`."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "greeting.yaml").write_text(GREETING)
    return OneFolder(folder)


@pytest.fixture
def catalogue() -> KnownActions:
    return KnownActions()


@pytest.fixture
def load(catalogue: KnownActions, library: OneFolder) -> Callable[[str], Loaded]:
    """Load a text; its first lines may be left out."""

    def loaded(text: str) -> Loaded:
        head = "" if "treadle:" in text else "treadle: 1\nname: example\n"
        return agents_checked(load_text(head + text, "example.yaml", catalogue, library), lambda: ("human", "coder"))

    return loaded


@pytest.fixture
def problems(load: Callable[[str], Loaded]) -> Callable[[str], tuple[Problem, ...]]:
    """All problems of a text, by place."""
    return lambda text: load(text).problems
