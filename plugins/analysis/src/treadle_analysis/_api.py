"""How the public names of a module changed: what is new, what is gone, what takes other arguments."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from treadle_hookspecs import Json

from treadle_analysis._source import Definition, Parameter, PythonModule


@dataclass(frozen=True, slots=True)
class ApiChange:
    """One public name that differs.

    Attributes:
        change: `added`, `removed` or `changed`.
        file: where it stands, or stood.
        name: dotted within its module.
        line: its line after the change; before it, when it was removed.
        before: the signature, "" for a class or where there was none.
        after: likewise.
        breaking: a call that worked can fail now.
        reason: why it breaks, or what else is different.
    """

    change: str
    file: str
    name: str
    line: int
    before: str = ""
    after: str = ""
    breaking: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {
            "change": self.change,
            "file": self.file,
            "name": self.name,
            "line": self.line,
            "before": self.before,
            "after": self.after,
            "breaking": self.breaking,
            "reason": self.reason,
        }


def public_names(
    file: str, module: PythonModule | None, reexported: Callable[[str, str], bool]
) -> dict[str, Definition]:
    """What a module offers to others: its public definitions, if it is public itself, and what a package re-exports."""
    if module is None:
        return {}
    offered = _reexports(module) if file.endswith("__init__.py") else {}
    internal = any(part.startswith("_") and part != "__init__.py" for part in file.split("/"))
    for definition in module.definitions:
        top = definition.name.partition(".")[0]
        listed = module.exported is None or top in module.exported
        if definition.public and ((not internal and listed) or reexported(file, top)):
            offered[definition.name] = definition
    return offered


def _reexports(module: PythonModule) -> dict[str, Definition]:
    """What a package takes from its own modules at its top, under the names it gives them."""
    names: dict[str, Definition] = {}
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            for alias in node.names:
                name = alias.asname or alias.name
                if name in module.exported if module.exported is not None else not name.startswith("_"):
                    names[name] = Definition(name, "name", node.lineno, node.end_lineno or node.lineno, True, True)
    return names


def compare(file: str, before: Mapping[str, Definition], after: Mapping[str, Definition]) -> Iterator[ApiChange]:
    """The differences between two sets of public names of one file, in order of their names."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            if new.kind == "name":
                continue  # it is reported where it is defined
            yield ApiChange("added", file, name, new.line, after=new.signature)
        elif new is None and old is not None:
            reason = f"{old.kind} {name} is gone"
            yield ApiChange("removed", file, name, old.line, before=old.signature, breaking=True, reason=reason)
        elif old is not None and new is not None and (old.signature, old.kind) != (new.signature, new.kind):
            yield _changed(file, old, new)


def _changed(file: str, old: Definition, new: Definition) -> ApiChange:
    if old.kind != new.kind:
        reason = f"it was a {old.kind} and is a {new.kind}"
        return ApiChange("changed", file, new.name, new.line, old.signature, new.signature, True, reason)
    breaks = list(_breaks(old.parameters, new.parameters))
    reason = "; ".join(breaks) or "annotations, defaults or optional parameters"
    return ApiChange("changed", file, new.name, new.line, old.signature, new.signature, bool(breaks), reason)


def _breaks(old: tuple[Parameter, ...], new: tuple[Parameter, ...]) -> Iterator[str]:
    """Why a call that was right before can be wrong now."""
    before = {_key(parameter): parameter for parameter in old}
    after = {_key(parameter): parameter for parameter in new}
    for name, parameter in before.items():
        if name not in after:
            yield f"parameter `{name}` is gone"
        elif parameter.optional and not after[name].optional:
            yield f"parameter `{name}` has no default any more"
        elif _narrower(parameter.kind, after[name].kind):
            yield f"parameter `{name}` is {after[name].kind}"
    for name, parameter in after.items():
        if name not in before and not parameter.optional:
            yield f"parameter `{name}` is required"
    common = [name for name in _positional(old) if name in _positional(new)]
    if common != _positional(new)[: len(common)]:
        yield "positional parameters stand in another order"


def _key(parameter: Parameter) -> str:
    """What a caller knows it by: `*args` by its place, the others by name."""
    return {"variadic": "*", "keywords": "**"}.get(parameter.kind, parameter.name)


def _narrower(old: str, new: str) -> bool:
    return old != new and not (old in ("positional-only", "keyword-only") and new == "positional")


def _positional(parameters: tuple[Parameter, ...]) -> list[str]:
    return [parameter.name for parameter in parameters if parameter.kind in ("positional-only", "positional")]
