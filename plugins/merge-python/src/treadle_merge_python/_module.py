"""What a Python module consists of, as far as two of them can be united."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import libcst as cst
from treadle_merging import Unreadable

ImportLine: TypeAlias = cst.Import | cst.ImportFrom


@dataclass(slots=True)
class Module:
    """A module of imports and `__all__` only; `other` names what else stands there, "" for nothing.

    Attributes:
        tree: the whole module.
        docstring: its text, or "".
        imports: statements with their names bound: `(names, line)`.
        exports: what `__all__` lists, or None when there is none.
        other: the first statement that is something else, as it is written.
    """

    tree: cst.Module
    docstring: str = ""
    imports: list[tuple[dict[str, str], cst.SimpleStatementLine]] = field(default_factory=list)
    exports: list[str] | None = None
    other: str = ""

    @property
    def empty(self) -> bool:
        """Nothing but comments."""
        return not self.tree.body


def read(text: str) -> Module:
    """The parts of a module. Raises `Unreadable` for what is no Python."""
    try:
        tree = cst.parse_module(text)
    except cst.ParserSyntaxError as problem:
        raise Unreadable(f"line {problem.raw_line}: {problem.message}") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    module = Module(tree, str(tree.get_docstring() or ""))
    body = tree.body[1:] if module.docstring else tree.body
    for statement in body:
        _sort(module, statement)
    return module


def exported(statement: cst.BaseStatement) -> cst.List | cst.Tuple | None:
    """The list that `__all__` is given."""
    line = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if not isinstance(line, cst.Assign) or not isinstance(line.value, cst.List | cst.Tuple):
        return None
    names = [target.target.value for target in line.targets if isinstance(target.target, cst.Name)]
    return line.value if names == ["__all__"] else None


def _sort(module: Module, statement: cst.BaseStatement) -> None:
    lines = list(statement.body) if isinstance(statement, cst.SimpleStatementLine) else []
    if (
        isinstance(statement, cst.SimpleStatementLine)
        and lines
        and all(isinstance(one, cst.Import | cst.ImportFrom) for one in lines)
    ):
        names: dict[str, str] = {}
        for line in lines:
            names |= bound(line) if isinstance(line, cst.Import | cst.ImportFrom) else {}
        module.imports.append((names, statement))
        return
    listed = exported(statement)
    texts = _texts(listed.elements) if listed is not None else None
    if texts is not None and module.exports is None:
        module.exports = texts
    elif not module.other:
        module.other = module.tree.code_for_node(statement).strip().splitlines()[0]


def bound(line: ImportLine) -> dict[str, str]:
    """The names that an import gives, and where each comes from."""
    if isinstance(line.names, cst.ImportStar):
        source = _source(line)
        return {f"* of {source}": source}
    source = _source(line) if isinstance(line, cst.ImportFrom) else ""
    found = {}
    for alias in line.names:
        whole = alias.evaluated_name
        found[alias.evaluated_alias or whole] = f"{source}:{whole}" if source else whole
    return found


def _source(line: ImportLine) -> str:
    if not isinstance(line, cst.ImportFrom):
        return ""
    return "." * len(line.relative) + (cst.Module([]).code_for_node(line.module) if line.module else "")


def _texts(elements: Iterable[cst.BaseElement]) -> list[str] | None:
    """The texts of a list of plain strings; None when it holds anything else."""
    found = []
    for element in elements:
        if not isinstance(element.value, cst.SimpleString) or not isinstance(element.value.evaluated_value, str):
            return None
        found.append(element.value.evaluated_value)
    return found
