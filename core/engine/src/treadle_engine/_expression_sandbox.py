"""Jinja's sandbox, narrowed: names are looked up as values of plain data, nothing is called but a closed list.

The only module that imports jinja2; it is imported when the first expression appears that is more than a path.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from treadle_engine._expression_filters import FILTERS, FUNCTIONS, TEST_SYMBOLS, TESTS, Filter, Test
from treadle_engine._expression_text import HYPHEN, ExpressionError, Source, Token
from treadle_engine._expression_values import among, arithmetic, join_texts

MAX_DEPTH: Final = 64

_ALLOWED: Final = (
    nodes.BinExpr,
    nodes.UnaryExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.CondExpr,
    nodes.Const,
    nodes.Dict,
    nodes.Filter,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Keyword,
    nodes.List,
    nodes.Name,
    nodes.Pair,
    nodes.Slice,
    nodes.Test,
    nodes.Tuple,
    nodes.Concat,
    nodes.Call,
)
_FORBIDDEN_NAMES: Final = frozenset({"self", "super", "caller", "varargs", "kwargs", "context", "environment"})
_NAMED_AT: Final = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that are told the name of another filter, or of a test, by which argument that is."""
_CONCAT: Final = "~"
"""`~` becomes a filter of this name, so that it is bounded and writes JSON."""


class MissingNameError(Exception):
    """A name that is not there. `container` is what was searched, or None for the context itself.

    An `if` without `else` whose condition is false has no name.
    """

    def __init__(self, name: str, container: object) -> None:
        super().__init__(name)
        self.name = name
        self.container = container


class MissingName(Undefined):
    """What a missing name evaluates to: good for `default` and `is defined` alone."""

    __slots__ = ()

    def _fail_with_undefined_error(self, *_: object, **__: object) -> NoReturn:
        raise self.error()

    def error(self) -> MissingNameError:
        """The error that any other use of it is."""
        container = None if self._undefined_obj is missing else self._undefined_obj
        return MissingNameError(self._undefined_name or "", container)

    __getattr__ = __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __contains__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __call__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = _fail_with_undefined_error


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox whose every lookup, operator and call is decided here."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(undefined=MissingName, cache_size=0, optimized=False)
        self.globals = {}
        self.filters = {name: partial(_filtered, name, function) for name, function in FILTERS.items()}
        self.filters |= {_hidden(name): partial(_filtered, name, function) for name, function in FUNCTIONS.items()}
        self.filters |= {"default": _default, "d": _default, _CONCAT: partial(_filtered, _CONCAT, join_texts)}
        tests: Any = {name: partial(_tested, name, function) for name, function in TESTS.items()}
        self.tests = tests
        self.tests |= {symbol: self.tests[name] for symbol, name in TEST_SYMBOLS.items()}
        self.tests |= {"defined": _is_defined, "undefined": _is_undefined}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A value by its key; never an attribute of a Python object."""
        return self.getitem(obj, attribute.replace(HYPHEN, "-"))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A value by key, or an item by number."""
        if isinstance(obj, Undefined):
            raise _missing(obj)
        if isinstance(argument, Undefined):
            raise _missing(argument)
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, Sequence) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(None, obj, str(argument))

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002  # noqa: ANN401
        """Nothing: the functions that there are have become filters (`_hidden`)."""
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """An arithmetic operator, bounded."""
        return arithmetic(operator, _present(left), _present(right))


def _hidden(function: str) -> str:
    """The name of the filter that a function's call becomes; no source can write it."""
    return function + "()"


def _missing(value: Undefined) -> MissingNameError:
    return value.error() if isinstance(value, MissingName) else MissingNameError("", None)


def _present(value: object) -> object:
    if isinstance(value, Undefined):
        raise _missing(value)
    return value


def _filtered(name: str, function: Filter, *arguments: object, **options: object) -> object:
    try:
        return function(*map(_present, arguments), **{key: _present(option) for key, option in options.items()})
    except TypeError as error:
        raise ExpressionError(f"`{name}`: {_plainly(error)}") from error


def _tested(name: str, function: Test, *arguments: object) -> bool:
    return bool(_filtered(name, function, *arguments))


def _plainly(error: TypeError) -> str:
    """What a TypeError says, without the names of Python functions."""
    text = str(error)
    return "wrong arguments" if "argument" in text else text


def _default(value: object, default: object = "", falsy: object = False) -> object:
    return default if isinstance(value, Undefined) or (falsy and not value) else value


def _is_defined(value: object) -> bool:
    return not isinstance(value, Undefined)


def _is_undefined(value: object) -> bool:
    return isinstance(value, Undefined)


class Found(NamedTuple):
    """A path of names in an expression; `guarded` when a missing one is no error."""

    path: tuple[str, ...]
    token: Token
    guarded: bool


SANDBOX: Final = Sandbox()


def parse(source: Source) -> tuple[nodes.Expr, tuple[Found, ...]]:
    """The tree of an expression, checked, and the paths it uses. Raises `ExpressionError`."""
    text, lines = _one_token_a_line(source)
    try:
        parser = Parser(SANDBOX, text, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError("this does not belong to the expression before it", parser.stream.current.lineno)  # noqa: TRY301
    except TemplateSyntaxError as error:
        where = lines[min(error.lineno, len(lines)) - 1] if lines else source.tokens[0]
        raise ExpressionError(_syntax(error, where), source.text, where.offset) from None
    except RecursionError:
        raise ExpressionError("the expression nests too deeply", source.text, source.start) from None
    except ValueError as error:  # a number of thousands of digits
        raise ExpressionError(f"the expression cannot be read: {error}", source.text, source.start) from None
    checker = _Checker(source, lines)
    return checker.checked(tree), tuple(checker.found)


def evaluator(tree: nodes.Expr, source: Source) -> Callable[[Mapping[str, object]], object]:
    """A function from contexts to the expression's value."""
    result = nodes.Assign(nodes.Name("result", "store", lineno=1), tree, lineno=1)
    tree.set_environment(SANDBOX)
    try:
        template = SANDBOX.from_string(nodes.Template([result], lineno=1))
    except (SyntaxError, RecursionError, MemoryError):
        raise ExpressionError("the expression nests too deeply", source.text, source.start) from None

    def evaluate(context: Mapping[str, object]) -> object:
        # `shared` keeps Jinja from copying the context, whose values may be computed on demand.
        frame = template.new_context(context, shared=True)  # type: ignore[arg-type]
        for _ in template.root_render_func(frame):
            pass
        return _present(frame.vars["result"])

    return evaluate


def _one_token_a_line(source: Source) -> tuple[str, list[Token]]:
    """The source for Jinja, and the token of each of its lines (a quoted token may hold several)."""
    pieces: list[str] = []
    lines: list[Token] = []
    for position, token in enumerate(source.tokens):
        text = (
            token.text
            if token.text[0] in "'\""
            else _for_jinja(token.text, source.tokens[max(position - 2, 0) : position])
        )
        pieces.append(text)
        lines += [token] * (text.count("\n") + 1)
    return "\n".join(pieces), lines


def _for_jinja(text: str, before: Sequence[Token]) -> str:
    """A step's id with its hyphens replaced; every other token as it is."""
    is_name = text[0].isalpha() or text[0] == "_"
    return text.replace("-", HYPHEN) if is_name and before else text


def _syntax(error: TemplateSyntaxError, token: Token) -> str:
    message = (error.message or "it cannot be read").replace(HYPHEN, "-").replace("end of template", "end")
    return f"the expression cannot be read at {token.text!r}: {message[:1].lower()}{message[1:]}"


class _Checker:
    """Walks a tree once: refuses what is not on the list, turns `~` into a filter, collects paths."""

    def __init__(self, source: Source, lines: Sequence[Token]) -> None:
        self._source = source
        self._lines = lines
        self.found: list[Found] = []

    def checked(self, node: Any, depth: int = 0, *, guarded: bool = False) -> Any:
        """The node to use in its place (arguments and pairs of a dictionary are nodes, but no expressions)."""
        if depth > MAX_DEPTH:
            raise self._error(node, f"the expression nests deeper than {MAX_DEPTH}")
        if not isinstance(node, _ALLOWED):
            raise self._error(node, f"{type(node).__name__} is not part of expressions")
        if isinstance(node, nodes.Name) and node.name == "null":
            return nodes.Const(None, lineno=node.lineno)
        path = _path(node)
        if path is not None:
            self._add(*path, guarded=guarded)
            return node
        if isinstance(node, nodes.Call):
            node = self._called(node)
        elif isinstance(node, (nodes.Filter, nodes.Test)):
            self._check_named(node)
        self._descend(node, depth)
        if isinstance(node, nodes.Concat):
            joined = nodes.List(node.nodes, lineno=node.lineno)
            return nodes.Filter(joined, _CONCAT, [], [], None, None, lineno=node.lineno)
        return node

    def _add(self, first: nodes.Name, path: tuple[str, ...], *, guarded: bool) -> None:
        if path[0].startswith("_") or path[0] in _FORBIDDEN_NAMES:
            raise self._error(first, f"`{path[0]}` is not a name of expressions")
        self.found.append(Found(path, self._token(first), guarded))

    def _called(self, node: nodes.Call) -> nodes.Filter:
        name = node.node.name if isinstance(node.node, nodes.Name) else None
        if name not in FUNCTIONS:
            what = f"`{name}`" if name else "a value"
            hint = among(list(FUNCTIONS), name) if name else "; use a filter: value | filter(…)"
            raise self._error(node, f"{what} cannot be called{hint}")
        self._refuse_unpacking(node)
        if not node.args:
            raise self._error(node, f"`{name}` needs an argument")
        first, *rest = node.args
        return nodes.Filter(first, _hidden(name), rest, node.kwargs, None, None, lineno=node.lineno)

    def _check_named(self, node: nodes.Filter | nodes.Test) -> None:
        is_filter = isinstance(node, nodes.Filter)
        names = SANDBOX.filters if is_filter else SANDBOX.tests
        if node.name not in names:
            known = sorted(name for name in names if name.isidentifier())
            word = "filter" if is_filter else "test"
            raise self._error(node, f"there is no {word} `{node.name}`{among(known, node.name)}")
        if is_filter and node.name in _NAMED_AT:
            self._check_inner(node, _NAMED_AT[node.name])
        self._refuse_unpacking(node)

    def _check_inner(self, node: nodes.Filter | nodes.Test, at: int) -> None:
        """The filter of `map`, the test of `select` and its like: a text is looked up before the run."""
        given = node.args[at] if len(node.args) > at else None
        known, word = (FILTERS, "filter") if node.name == "map" else ({**TESTS, **TEST_SYMBOLS}, "test")
        if isinstance(given, nodes.Const) and isinstance(given.value, str) and given.value not in known:
            raise self._error(given, f"there is no {word} `{given.value}`{among(sorted(known), given.value)}")

    def _refuse_unpacking(self, node: nodes.Call | nodes.Filter | nodes.Test) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self._error(node, "* and ** cannot unpack arguments here")

    def _descend(self, node: nodes.Expr, depth: int) -> None:
        guards = isinstance(node, (nodes.Filter, nodes.Test)) and node.name in ("default", "d", "defined", "undefined")
        for field, value in node.iter_fields():
            guarded = guards and field == "node"
            if isinstance(value, list):
                value[:] = [self._replaced(item, depth, guarded=guarded) for item in value]
            else:
                setattr(node, field, self._replaced(value, depth, guarded=guarded))

    def _replaced(self, value: Any, depth: int, *, guarded: bool) -> Any:
        return self.checked(value, depth + 1, guarded=guarded) if isinstance(value, nodes.Node) else value

    def _token(self, node: nodes.Node) -> Token:
        return self._lines[min(max(node.lineno, 1), len(self._lines)) - 1]

    def _error(self, node: nodes.Node, message: str) -> ExpressionError:
        return ExpressionError(message.replace(HYPHEN, "-"), self._source.text, self._token(node).offset)


def _path(node: nodes.Node) -> tuple[nodes.Name, tuple[str, ...]] | None:
    """The first name of a chain of lookups by constant keys, and all of its names; else None."""
    names: list[str] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            names.append(node.attr.replace(HYPHEN, "-"))
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            names.append(node.arg.value)
        else:
            return None
        node = node.node
    return node, (node.name, *reversed(names))
