"""Mappings: `"{{BACKEND_PORT}} + 1"` is computed, `"http://{{HOST}}:{{PORT}}"` is a text with values in it.

What is computed is parsed by Python and walked here: literals, arithmetic, comparison, `and or not`, if-else, and the
functions `lower`, `upper` and `slug`. Values never become program text: they are bound to names.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from treadle_hookspecs import Json, TreadleError

_PLACE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")
_BOUND: Final = "_value_"
_LONGEST: Final = 100_000

_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def slug(text: str) -> str:
    """Lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


_FUNCTIONS: Final[Mapping[str, Callable[[str], str]]] = {"lower": str.lower, "upper": str.upper, "slug": slug}


_SUM: Final = re.compile(r"\}\}\s+(?:[-+*%]|//?)\s+\(?\d|\d\)?\s+(?:[-+*%]|//?)\s+\(?\{\{")
"""A number and a value with an operator that stands free between them: nobody means a text by that."""


class _TextError(Exception):
    """The text is no computation."""


class _NumberError(_TextError):
    """It would be one if this were a number."""


def names_in(text: str) -> tuple[str, ...]:
    """The variables that a mapping names, in order."""
    return tuple(dict.fromkeys(_PLACE.findall(text)))


def evaluate(text: str, values: Mapping[str, Json]) -> Json:
    """The value of a mapping.

    Args:
        text: e.g. `{{PORT}} + 1`; one that is exactly `{{NAME}}` keeps the value's type.
        values: of every variable that it names.

    Raises:
        TreadleError: a variable is not there, or the computation cannot be done (a division by zero).
    """
    for name in names_in(text):
        if name not in values:
            raise TreadleError(f"{text!r} names {name}, which has no value")
    if (whole := _PLACE.fullmatch(text.strip())) is not None:
        return values[whole[1]]
    try:
        return _computed(text, values)
    except _NumberError as error:
        if _SUM.search(text):
            raise TreadleError(
                f"{text!r} cannot be computed: {error} is no number",
                suggestions=("a text is joined in quotes: {{NAME}} + ' - 1'",),
            ) from None
        return _PLACE.sub(lambda place: as_text(values[place[1]]), text)
    except _TextError:
        return _PLACE.sub(lambda place: as_text(values[place[1]]), text)


def as_text(value: Json) -> str:
    """A value inside of a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def _computed(text: str, values: Mapping[str, Json]) -> Json:
    bound: dict[str, Json] = {}

    def bind(place: re.Match[str]) -> str:
        name = f"{_BOUND}{len(bound)}"
        bound[name] = values[place[1]]
        return f" {name} "

    source = _PLACE.sub(bind, text).strip()
    # Two values side by side, or one inside of a word, are a text.
    if len(source) > _LONGEST or not bound:
        raise _TextError
    try:
        tree = ast.parse(source, mode="eval")
        result = _Evaluator(bound).visit(tree.body)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise _TextError from error
    except ZeroDivisionError as error:
        raise TreadleError(f"{text!r} divides by zero") from error
    return int(result) if isinstance(result, float) and result.is_integer() and "/" not in text else result


class _Evaluator(ast.NodeVisitor):
    """Walks an expression; every node that is not named here raises `_TextError`."""

    def __init__(self, bound: Mapping[str, Json]) -> None:
        self._bound = bound

    def generic_visit(self, node: ast.AST) -> Any:
        raise _TextError(type(node).__name__)

    def visit_Constant(self, node: ast.Constant) -> Any:
        if not isinstance(node.value, str | int | float | bool):
            raise _TextError
        return node.value

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id in self._bound:
            return self._bound[node.id]
        words = {"true": True, "True": True, "false": False, "False": False}
        if node.id not in words:
            raise _TextError
        return words[node.id]

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add) and isinstance(left, str) and isinstance(right, str):
            return _bounded(left + right)
        function = _BINARY.get(type(node.op))
        if function is None:
            raise _TextError
        return _bounded(function(_number(left), _number(right)))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        if isinstance(node.op, ast.USub):
            return -_number(value)
        raise _TextError

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        result: Any = None
        for part in node.values:
            result = self.visit(part)
            if bool(result) is isinstance(node.op, ast.Or):
                return result
        return result

    def visit_Compare(self, node: ast.Compare) -> Any:
        left = self.visit(node.left)
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.visit(right_node)
            function = _COMPARE.get(type(kind))
            if function is None:
                raise _TextError
            if not function(left, right):
                return False
            left = right
        return True

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        return self.visit(node.body if self.visit(node.test) else node.orelse)

    def visit_Call(self, node: ast.Call) -> Any:
        function = _FUNCTIONS.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if function is None or node.keywords or len(node.args) != 1:
            raise _TextError
        return function(as_text(self.visit(node.args[0])))


def _number(value: Any) -> int | float:
    """A number, or a text that is one: what the command line gives is a text."""
    if isinstance(value, bool):
        raise _NumberError(as_text(value))
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", value):
        return float(value) if "." in value else int(value)
    raise _NumberError(repr(value) if isinstance(value, str) else "a list")


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST:
        raise TreadleError(f"a text of more than {_LONGEST} characters comes out")
    if isinstance(value, int) and value.bit_length() > 256:
        raise TreadleError("a number of more than 256 bits comes out")
    return value
