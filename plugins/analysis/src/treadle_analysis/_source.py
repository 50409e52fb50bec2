"""What a Python file defines, read from its syntax tree; nothing is imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from treadle_hookspecs import Json

_FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

BRANCHES: Final = (
    ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case, ast.comprehension,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `kind` is positional-only, positional, variadic, keyword-only or keywords."""

    name: str
    kind: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, method or class.

    Attributes:
        name: dotted within the module, e.g. `Manager.register`.
        kind: `function` or `class`.
        line: the first line, decorators included.
        end_line: the last line.
        public: no part of the name begins with an underscore, nor is it local to a function.
        documented: it has a docstring.
        signature: as written, e.g. `(self, name: str = 'x') -> None`; "" for a class.
        parameters: in order.
        complexity: McCabe's number, nested functions counted by themselves; 0 for a class.
        bases: of a class, the last names of what it inherits from.
    """

    name: str
    kind: str
    line: int
    end_line: int
    public: bool
    documented: bool
    signature: str = ""
    parameters: tuple[Parameter, ...] = ()
    complexity: int = 0
    bases: tuple[str, ...] = ()

    @property
    def last_name(self) -> str:
        """The name without what it stands in."""
        return self.name.rpartition(".")[2]

    def to_json(self) -> dict[str, Json]:
        """What a report wants to know."""
        return {
            "name": self.name,
            "kind": self.kind,
            "lines": [self.line, self.end_line],
            "public": self.public,
            "documented": self.documented,
            "complexity": self.complexity,
        }


@dataclass(frozen=True, slots=True)
class PythonModule:
    """A parsed file.

    Attributes:
        tree: its syntax tree.
        definitions: its functions and classes, in order.
        exported: the names of `__all__`, or None without one that can be read.
        imported: the names that imports bind in it, wherever they stand.
    """

    tree: ast.Module
    definitions: tuple[Definition, ...]
    exported: frozenset[str] | None
    imported: frozenset[str]


def parse(text: str) -> PythonModule:
    """Read a file's definitions. Raises `SyntaxError`, and `ValueError` for text with NUL."""
    tree = ast.parse(text)
    return PythonModule(tree, tuple(_definitions(tree.body, "", True)), _exported(tree), _imported(tree))


def _definitions(body: list[ast.stmt], prefix: str, visible: bool) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _function(node, prefix, visible)
            yield from _definitions(node.body, f"{prefix}{node.name}.", False)
        elif isinstance(node, ast.ClassDef):
            yield _class(node, prefix, visible)
            yield from _definitions(node.body, f"{prefix}{node.name}.", visible and _open(node.name))
        else:
            for inner in _blocks(node):
                yield from _definitions(inner, prefix, visible)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The bodies of an `if`, `try`, `with` … at module or class level: what stands there is defined all the same."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body


def _open(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__")


def _function(node: _FunctionNode, prefix: str, visible: bool) -> Definition:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return Definition(
        prefix + node.name,
        "function",
        _first_line(node),
        node.end_lineno or node.lineno,
        visible and _open(node.name),
        ast.get_docstring(node, clean=False) is not None,
        f"({ast.unparse(node.args)}){returns}",
        tuple(_parameters(node.args)),
        _complexity(node),
    )


def _class(node: ast.ClassDef, prefix: str, visible: bool) -> Definition:
    documented = ast.get_docstring(node, clean=False) is not None
    last = node.end_lineno or node.lineno
    public = visible and _open(node.name)
    bases = tuple(ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases)
    return Definition(prefix + node.name, "class", _first_line(node), last, public, documented, bases=bases)


def _first_line(node: _FunctionNode | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    for index, argument in enumerate(positional):
        kind = "positional-only" if index < len(arguments.posonlyargs) else "positional"
        yield Parameter(argument.arg, kind, index >= required)
    if arguments.vararg:
        yield Parameter(arguments.vararg.arg, "variadic", True)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(argument.arg, "keyword-only", default is not None)
    if arguments.kwarg:
        yield Parameter(arguments.kwarg.arg, "keywords", True)


def _complexity(function: _FunctionNode) -> int:
    """One path, and one more for each decision; `a and b and c` holds two."""
    return 1 + sum(_decisions(node) for node in _own_nodes(function))


def _decisions(node: ast.AST) -> int:
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    return 1 if isinstance(node, BRANCHES) else 0


def _own_nodes(function: _FunctionNode) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]


def _exported(tree: ast.Module) -> frozenset[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return _texts(node.value)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "__all__":
            return _texts(node.value)
    return None


def _texts(node: ast.expr | None) -> frozenset[str] | None:
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    return frozenset(item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str))


def _imported(tree: ast.Module) -> frozenset[str]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return frozenset(alias.asname or alias.name.partition(".")[0] for node in nodes for alias in node.names)
