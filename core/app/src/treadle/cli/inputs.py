"""A workflow's inputs as options of the command line, and from there to the values that the facade checks."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from treadle_engine.plan import InputSpec
from treadle_hookspecs import ExitCode, Json, TreadleError

_METAVARS: Final = {"string": "TEXT", "integer": "INTEGER", "number": "NUMBER", "array": "ITEM", "object": "JSON"}
_PANEL: Final = "Inputs"
_PREFIX: Final = "input_"


def option_name(name: str) -> str:
    """`max_complexity` is given as `--max-complexity`."""
    return "--" + name.strip("_").replace("_", "-")


def with_inputs(
    function: Callable[..., None], specs: Sequence[InputSpec] = (), taken: frozenset[str] = frozenset()
) -> Callable[..., None]:
    """The command's function with one more option for each input; it gets what was given as `given`.

    Args:
        function: has a parameter `given` that is no option.
        specs: the inputs of the workflow.
        taken: options that the command has itself: they win, and such an input is reached by `--input`.
    """
    reachable = {f"{_PREFIX}{number}": spec for number, spec in enumerate(_reachable(specs, taken))}

    def command(**values: Any) -> None:
        given = {spec.name: _spoken(spec, values.pop(key)) for key, spec in reachable.items()}
        function(**values, given={name: value for name, value in given.items() if value is not None})

    own = [each for each in inspect.signature(function).parameters.values() if each.name != "given"]
    command.__signature__ = inspect.Signature([*own, *map(_parameter, reachable, reachable.values())])  # type: ignore[attr-defined]
    command.__annotations__ = {}
    command.__doc__ = function.__doc__
    return command


def _reachable(specs: Sequence[InputSpec], taken: frozenset[str]) -> list[InputSpec]:
    """Inputs whose option is free; of two that would share one, the first."""
    seen = taken | {"--help"}
    free = []
    for spec in specs:
        names = {option_name(spec.name)} | ({f"--no-{option_name(spec.name)[2:]}"} if spec.type == "boolean" else set())
        if not names & seen and spec.name.strip("_"):
            free.append(spec)
            seen |= names
    return free


def unreachable(specs: Sequence[InputSpec], taken: frozenset[str]) -> list[str]:
    """Names of inputs that only `--input` reaches."""
    free = _reachable(specs, taken)
    return [spec.name for spec in specs if spec not in free]


def _parameter(key: str, spec: InputSpec) -> inspect.Parameter:
    name = option_name(spec.name)
    kind: Any = bool | None
    if spec.type == "boolean":
        name = f"{name}/--no-{name[2:]}"
    else:
        kind = list[str] | None if spec.type == "array" else str | None
    option = typer.Option(name, help=describe(spec), metavar=metavar(spec), show_default=False, rich_help_panel=_PANEL)
    return inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def metavar(spec: InputSpec) -> str | None:
    """What stands for the value in the help: the choices if there are any, else the type."""
    if spec.type == "boolean":
        return None
    return "|".join(map(_word, spec.enum)) if spec.enum else _METAVARS.get(spec.type, "VALUE")


def describe(spec: InputSpec) -> str:
    """The description, then what leaving it out means."""
    notes = []
    if spec.type == "array":
        notes.append("repeat it, or give a JSON list")
    if spec.required and not spec.has_default:
        notes.append("required")
    elif spec.has_default and not spec.sensitive and spec.default not in (None, "", (), [], {}):
        notes.append(f"default: {_word(spec.default)}")
    described = spec.description.strip() or spec.name.replace("_", " ").replace("-", " ")
    return f"{described} ({'; '.join(notes)})" if notes else described


def _word(value: Json) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _spoken(spec: InputSpec, value: Any) -> Any:
    """What was typed, as the facade takes it: text, a list of texts, or a JSON list written as one text."""
    if spec.type != "array" or not value:
        return None if value in (None, []) else value
    return value[0] if len(value) == 1 and value[0].lstrip().startswith("[") else list(value)


def assigned(words: Sequence[str], base: Path) -> dict[str, Json]:
    """What `--input name=value` and `--input name=@file.json` say; paths are relative to `base`."""
    given: dict[str, Json] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise TreadleError(
                f"`--input {word}` has no value",
                suggestions=("write --input name=value, or --input name=@file.json",),
            )
        given[name] = from_file(base / value[1:]) if value.startswith("@") else value
    return given


def from_file(path: Path) -> Json:
    """The content of a YAML or JSON file; of any other file its text."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TreadleError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}",
            context={"file": str(path)},
            exit_code=ExitCode.NOT_FOUND if isinstance(error, FileNotFoundError) else ExitCode.USAGE,
        ) from error
    if path.suffix not in (".json", ".yaml", ".yml"):
        return text
    from treadle.definition import load_yaml

    return load_yaml(text, str(path))


def from_inputs_file(path: Path) -> Mapping[str, Json]:
    """The inputs in a file that holds one object."""
    content = from_file(path)
    if not isinstance(content, Mapping):
        raise TreadleError(
            f"{path} holds no inputs: it has to be an object with a value for each name",
            context={"file": str(path)},
            suggestions=("write lines `name: value` in a .yaml file, or one object in a .json file",),
        )
    return content
