"""Modules that a project brings of its own, `modules/NAME/module.yaml`: plugins without a package.

An action is a command of the project's, as a step's `run:` is, and is trusted as that is: nothing of it runs before a
step of a workflow uses it. A project cannot take the name of a module that treadle's own packages have, installed or
not: what a ready workflow uses stays what its author meant.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Json, JsonObject, Module, TreadleError, hookimpl

from treadle.plugins import Candidate, CommandAction, distribution_for_action

if TYPE_CHECKING:
    from treadle.definition import ModuleAction, ModuleFile

FOLDER: Final = "modules"
_FILES: Final = ("module.yaml", "module.yml")


class ProjectModule:
    """The plugin that one file makes."""

    def __init__(self, module: Module) -> None:
        self._module = module

    @hookimpl
    def treadle_modules(self) -> Iterable[Module]:
        """The module."""
        yield self._module


def project_candidates(root: Path, taken: Iterable[str]) -> Iterator[Candidate]:
    """The modules of a project, by folder. `taken` are names of plugins that are installed."""
    names = frozenset(taken)
    for folder in sorted((root / FOLDER).glob("*/")):
        file = next((folder / name for name in _FILES if (folder / name).is_file()), None)
        if file is None:
            continue
        name, problem = folder.name, _reserved(folder.name, names)
        title = f"{FOLDER}-{name}" if problem else name
        version = sha256(file.read_bytes()).hexdigest()[:8]  # plans that were checked with another content are not used
        yield Candidate(title, f"{FOLDER}/{name}", version, partial(_loaded, file, names), problem=problem)


def _reserved(name: str, taken: frozenset[str]) -> str:
    if name in taken or distribution_for_action(f"{name}/x"):
        return f"{name} is the name of a module that treadle or a plugin has: give it another one"
    return ""


def _loaded(file: Path, taken: frozenset[str]) -> ProjectModule:
    """Read a module. Raises `TreadleError` that names each thing that is wrong, with its place."""
    from treadle.definition import load_module

    loaded = load_module(file)
    if loaded.module is None:
        place = file.relative_to(file.parents[2]).as_posix()
        told = [f"{place}:{it.line}:{it.column}: {it.message}" for it in loaded.problems]
        raise TreadleError("; ".join(told))
    name = loaded.module.name or file.parent.name
    if problem := _reserved(name, taken - {file.parent.name}):
        raise TreadleError(f"{file}: {problem}")
    return ProjectModule(_module(name, loaded.module, file.parent))


def _module(name: str, file: "ModuleFile", folder: Path) -> Module:
    actions = tuple(_action(key, each, folder) for key, each in file.actions.items())
    return Module(name, file.version, actions, file.description)


def _action(name: str, spec: "ModuleAction", folder: Path) -> CommandAction:
    required = [key for key, each in spec.inputs.items() if each.required]
    inputs: dict[str, Json] = {"type": "object", "additionalProperties": False, "required": list(required)}
    inputs["properties"] = {key: _schema(each) for key, each in spec.inputs.items()}
    outputs = {key: _schema(each) for key, each in spec.outputs.items()}
    return CommandAction(
        name,
        f"{CommandAction.__module__}:CommandAction.call",
        spec.description,
        inputs=inputs,
        outputs={"type": "object", "properties": outputs} if outputs else None,
        idempotent=spec.idempotent,
        risk=spec.risk,
        argv=tuple(spec.run),
        folder=folder.resolve(),
    )


def _schema(each: Any) -> JsonObject:
    """A declared input or output as JSON Schema."""
    found: dict[str, Json] = {} if each.type == "any" else {"type": each.type}
    if each.description:
        found["description"] = each.description
    if getattr(each, "enum", None):
        found["enum"] = list(each.enum)
    if "default" in each.model_fields_set:
        found["default"] = each.default
    return found
