"""A module of a project's own: `modules/NAME/module.yaml` beside scripts, read as strictly as definitions are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field, ValidationError, field_validator
from treadle_hookspecs import ExitCode, TreadleError

from treadle.definition._document import Document, Table, plain
from treadle.definition._fields import Type
from treadle.definition._model_base import Input, Keys
from treadle.definition._model_errors import tell_errors
from treadle.definition._problems import Problem
from treadle.definition._reading import read
from treadle.definition._report import Report, kind_of
from treadle.definition._schema import DIALECT, _strip_titles
from treadle.definition._text import UnreadableError, decoded

NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,63}$"
_ActionName: TypeAlias = Annotated[str, Field(pattern=NAME)]
_InputName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]


class ModuleOutput(Keys):
    """What an action prints under this name."""

    type: Type = Field("any", description="What the value is.")
    description: str = Field("", description="One line for `treadle show`.")


class ModuleAction(Keys):
    """A command that gets its inputs as a JSON object on stdin and prints its outputs as one."""

    run: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1,
        description="The program and its arguments; `./` begins what lies beside the file. There is no shell.",
    )
    description: str = Field("", description="One line for `treadle list --actions`.")
    inputs: dict[_InputName, Input] = Field(default_factory=dict, description="What a step gives with `with:`.")
    outputs: dict[str, ModuleOutput] = Field(
        default_factory=dict, description="What it prints; without any, what it printed is the output `stdout`."
    )
    idempotent: bool = Field(False, description="Running it twice is as good as once.")
    risk: Literal["low", "medium", "high"] = Field("medium", description="`hybrid` asks before what is `high`.")

    @field_validator("inputs", "outputs", mode="before")
    @classmethod
    def _types_alone(cls, value: Any) -> Any:
        """`name: string` for `name: {type: string}`."""
        if not isinstance(value, dict):
            return value
        return {name: {"type": each} if isinstance(each, str) else each for name, each in value.items()}


class ModuleFile(Keys):
    """A module: actions that steps of this project use as `NAME/ACTION`."""

    model_config = ConfigDict(title="treadle module")

    name: str = Field("", pattern=rf"{NAME}|^$", description="The module's name; default: its folder's.")
    version: str = Field("0.1.0", description="For people.")
    description: str = Field("", description="One line.")
    actions: dict[_ActionName, ModuleAction] = Field(min_length=1, description="The actions by name.")


@dataclass(frozen=True, slots=True)
class LoadedModule:
    """What was read: the module, or None where `problems` say why not."""

    module: ModuleFile | None
    problems: tuple[Problem, ...]


def load_module(path: Path) -> LoadedModule:
    """Load a module's file. Raises `TreadleError` (exit code 3) when there is none or it cannot be opened."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TreadleError(f"cannot read {name}: {error.strerror or error}", exit_code=ExitCode.NOT_FOUND) from error
    try:
        document, problems = read(decoded(content, name), name)
    except UnreadableError as error:
        return LoadedModule(None, tuple(error.problems))
    report = Report(document)
    module = _module_of(document, report)
    found = (*problems, *report.problems)
    return LoadedModule(None if any(it.severity == "error" for it in found) else module, found)


def module_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a module's file."""
    schema = ModuleFile.model_json_schema(by_alias=True)
    _strip_titles(schema)
    for name in ("inputs", "outputs"):
        table = schema["$defs"]["ModuleAction"]["properties"][name]
        patterns = table.get("patternProperties", {})
        patterns.update({pattern: _or_type(each) for pattern, each in patterns.items()})
        if "additionalProperties" in table:
            table["additionalProperties"] = _or_type(table["additionalProperties"])
    return {"$schema": DIALECT, "$id": "treadle/module@1", **schema}


def _or_type(table: dict[str, Any]) -> dict[str, Any]:
    """`name: string` for `name: {type: string}`."""
    return {"anyOf": [table, {"enum": list(get_args(Type))}]}


def _module_of(document: Document, report: Report) -> ModuleFile | None:
    if not isinstance(document.root, Table):
        report.at_value("TRD0106", f"a module's file is an object, not {kind_of(plain(document.root))}", ())
        return None
    try:
        return ModuleFile.model_validate(plain(document.root))
    except ValidationError as error:
        tell_errors(error, ModuleFile, report)
        return None
