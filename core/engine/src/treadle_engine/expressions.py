"""Expressions: `{{ … }}` in texts, and bare ones. Jinja2's expression grammar in its sandbox, over plain data.

Total and bounded: no statements, no loops, no calls but a closed list of filters, tests and functions, no clock and no
chance; sizes, ranges and powers have limits. Names are looked up as values, never as attributes of Python objects.
jinja2 is imported when the first expression appears that is more than a dotted path.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from treadle_hookspecs import Json

from treadle_engine._expression_text import ExpressionError, Source, bare, enclosed, split
from treadle_engine._expression_values import among, as_text, join_texts, kind, plain

if TYPE_CHECKING:
    from treadle_engine._expression_sandbox import Found, MissingNameError

__all__ = [
    "EXPRESSIONS_VERSION",
    "CompiledValue",
    "ExpressionError",
    "Reference",
    "as_text",
    "compile_expression",
    "compile_value",
    "enclosed_expression",
    "references",
    "vocabulary",
]

EXPRESSIONS_VERSION: Final = 1
"""Raised when an expression that was valid means something else, or nothing, in a new release."""

Context: TypeAlias = Mapping[str, object]
"""The names at the top. Values are JSON data, or mappings and sequences that make such data on demand."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted path used in a text.

    Attributes:
        path: its names, e.g. `("steps", "fix-tests", "outputs", "fixed")`.
        offset: where it starts in the text.
        length: of the path as written, or of its first name where it is not written as a plain path.
        guarded: it may be missing: it stands under `default` or `is defined`.
        whole: it is all that the expression consists of.
    """

    path: tuple[str, ...]
    offset: int
    length: int
    guarded: bool = False
    whole: bool = False


class CompiledValue:
    """A value whose expressions are compiled.

    Attributes:
        constant: no expression is in it; `evaluate` gives the value as it was.
        names: the paths that its expressions use.
    """

    __slots__ = ("_evaluate", "constant", "names")

    def __init__(
        self, evaluate: Callable[[Context], Json], names: frozenset[tuple[str, ...]], *, constant: bool = False
    ) -> None:
        self._evaluate = evaluate
        self.names = names
        self.constant = constant

    def evaluate(self, context: Context) -> Json:
        """The value, as fresh JSON data. Raises `ExpressionError`, e.g. for a name that is not there."""
        return self._evaluate(context)


def compile_value(value: Json) -> CompiledValue:
    """Compile JSON data whose texts may hold `{{ … }}`. Raises `ExpressionError`.

    A text that is one `{{ … }}` and nothing else keeps the type of the expression's value; in any other text the
    values become text (`as_text`).
    """
    if isinstance(value, str):
        return _text(value) if "{{" in value or "{%" in value else _constant(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, Sequence):
        return _list(value)
    return _constant(value)


def compile_expression(text: str) -> CompiledValue:
    """Compile a bare expression, as `when` holds one. Raises `ExpressionError`."""
    return _bare(text)


def references(text: str, *, expression: bool = False) -> tuple[Reference, ...]:
    """The paths used in a text with `{{ … }}`, or in a bare expression, in the order they stand.

    Raises `ExpressionError`.
    """
    sources = [bare(text)] if expression else [part for part in split(text) if isinstance(part, Source)]
    return tuple(found for source in sources for found in _references(source))


def enclosed_expression(text: str, start: int) -> tuple[str, int]:
    """The expression in the `{{ … }}` that starts at `start`, and where the text goes on behind it.

    Raises `ExpressionError` if it cannot be read.
    """
    source = enclosed(text, start)
    _compiled(source)
    return source.body.strip(), source.end + 2


def vocabulary() -> dict[str, tuple[str, ...]]:
    """The names of `filters`, `tests` and `functions`, sorted."""
    from treadle_engine._expression_filters import FILTERS, FUNCTIONS, TESTS

    # These two take a name that is missing, so the sandbox has them itself.
    return {
        "filters": tuple(sorted([*FILTERS, "default"])),
        "tests": tuple(sorted([*TESTS, "defined", "undefined"])),
        "functions": tuple(sorted(FUNCTIONS)),
    }


def _references(source: Source) -> list[Reference]:
    start = source.tokens[0].offset
    if source.path:
        return [Reference(source.path, start, len(source.body.strip()), whole=True)]
    from treadle_engine._expression_sandbox import parse

    return [
        Reference(found.path, found.token.offset, _written(source, found.path, found.token.offset), found.guarded)
        for found in parse(source)[1]
    ]


def _written(source: Source, path: tuple[str, ...], offset: int) -> int:
    written = ".".join(path)
    return len(written) if source.text.startswith(written, offset) else len(path[0])


def _constant(value: Json) -> CompiledValue:
    return CompiledValue(lambda _: value, frozenset(), constant=True)


@lru_cache(maxsize=4096)
def _text(text: str) -> CompiledValue:
    parts = [part if isinstance(part, str) else _compiled(part) for part in split(text)]
    pieces = [part for part in parts if isinstance(part, CompiledValue)]
    if not pieces:
        return _constant(text)
    if len(parts) == 1:
        return pieces[0]
    return CompiledValue(lambda context: _joined(parts, context, text), _names(pieces))


def _joined(parts: Sequence[str | CompiledValue], context: Context, text: str) -> Json:
    values = [part if isinstance(part, str) else part.evaluate(context) for part in parts]
    try:
        return join_texts(values)
    except ExpressionError as error:
        raise ExpressionError(error.message, text) from None


@lru_cache(maxsize=4096)
def _bare(text: str) -> CompiledValue:
    return _compiled(bare(text))


def _object(value: Mapping[str, Json]) -> CompiledValue:
    items = {key: compile_value(item) for key, item in value.items()}
    if all(item.constant for item in items.values()):
        return _constant(value)
    return CompiledValue(
        lambda context: {key: item.evaluate(context) for key, item in items.items()}, _names(items.values())
    )


def _list(value: Sequence[Json]) -> CompiledValue:
    items = [compile_value(item) for item in value]
    if all(item.constant for item in items):
        return _constant(value)
    return CompiledValue(lambda context: [item.evaluate(context) for item in items], _names(items))


def _names(items: Iterable[CompiledValue]) -> frozenset[tuple[str, ...]]:
    return frozenset(name for item in items for name in item.names)


def _compiled(source: Source) -> CompiledValue:
    path = source.path
    if path:
        return CompiledValue(lambda context: _at(path, context, source), frozenset({path}))
    return _parsed(source)


def _at(path: Sequence[str], context: Context, source: Source) -> Json:
    """The value of a dotted path, without jinja2."""
    value: object = context
    for depth, name in enumerate(path):
        if not isinstance(value, Mapping) or name not in value:
            message = _not_there(name, value, ".".join(path[:depth]))
            raise ExpressionError(message, source.text, source.tokens[0].offset)
        value = value[name]
    return _result(value, source)


def _parsed(source: Source) -> CompiledValue:
    from treadle_engine._expression_sandbox import MissingNameError, evaluator, parse

    tree, found = parse(source)
    run: list[Callable[[Context], object]] = []

    def evaluate(context: Context) -> Json:
        if not run:  # Jinja's code costs a hundred times what parsing costs: made for what is really evaluated
            run.append(evaluator(tree, source))
        try:
            return _result(run[0](context), source)
        except MissingNameError as error:
            raise _missing(error, found, context, source) from None
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, MemoryError) as error:
            if isinstance(error, ExpressionError) and error.source:
                raise
            raise ExpressionError(_plainly(error), source.text, source.start) from None

    return CompiledValue(evaluate, frozenset(item.path for item in found))


def _result(value: object, source: Source) -> Json:
    try:
        return plain(value)
    except ExpressionError as error:
        raise ExpressionError(error.message, source.text, source.start) from None


def _missing(error: "MissingNameError", found: "Sequence[Found]", context: Context, source: Source) -> ExpressionError:
    """The error for a name that is not there, at the path that has it."""
    if not error.name:
        return ExpressionError("an `if` without `else` has no value here", source.text, source.start)
    matching = [item for item in found if error.name in item.path and not item.guarded]
    for item in matching:
        at = item.path.index(error.name)
        if error.container is None and at == 0:
            return ExpressionError(_not_there(error.name, context, ""), source.text, item.token.offset)
        if error.container is not None and at > 0:
            message = _not_there(error.name, error.container, ".".join(item.path[:at]))
            return ExpressionError(message, source.text, item.token.offset)
    searched = context if error.container is None else error.container
    return ExpressionError(_not_there(error.name, searched, ""), source.text, source.start)


def _not_there(name: str, container: object, prefix: str) -> str:
    whole = f"{prefix}.{name}" if prefix else name
    if isinstance(container, Mapping):
        return f"`{whole}` is not defined{among([str(key) for key in container], name)}"
    if not prefix:
        return f"there is no `{name}` in {kind(container)}"
    return f"`{whole}` is not defined: `{prefix}` is {kind(container)}"


def _plainly(error: BaseException) -> str:
    if isinstance(error, ExpressionError):
        return error.message
    text = str(error) or type(error).__name__
    for python, word in _PYTHON_WORDS.items():
        text = text.replace(python, word)
    return text


_PYTHON_WORDS: Final = {
    "'NoneType'": "null",
    "'str'": "a text",
    "'int'": "a number",
    "'float'": "a number",
    "'list'": "a list",
    "'dict'": "an object",
    "'bool'": "a boolean",
    " instances of": "",
}
