"""Plain data: what expressions compute with, and how far it may grow."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from treadle_hookspecs import Json

from treadle_engine._expression_text import ExpressionError

MAX_TEXT: Final = 1_000_000
"""Characters of a text that an expression builds."""
MAX_ITEMS: Final = 100_000
"""Items of a list that an expression builds."""
MAX_RANGE: Final = 10_000
MAX_WEIGHT: Final = 1_000_000
MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**63 - 1
"""Larger numbers do not survive every JSON reader and database."""

SECRET: Final = "$secret"  # noqa: S105


class Budget:
    """What one result may still weigh: a value weighs 1, a text a sixteenth of its length more."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_WEIGHT

    def spend(self, value: str | Mapping[object, object] | Sequence[object]) -> None:
        """Take a value's weight, or raise."""
        self.left -= 1 + (len(value) >> 4 if isinstance(value, str) else len(value))
        if self.left < 0:
            raise ExpressionError("the result is too large: more than a million values or 16 million characters")


def plain(value: object, budget: Budget | None = None, depth: int = 0) -> Json:
    """A copy that consists of JSON data only. Raises `ExpressionError` for anything else, and beyond the bounds."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return number(value)
    budget = budget or Budget()
    if isinstance(value, str):
        budget.spend(value)
        return str(value)
    if depth > MAX_DEPTH:
        raise ExpressionError(f"the result nests deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        budget.spend(value)
        return {_key(key): plain(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        budget.spend(value)
        return [plain(item, budget, depth + 1) for item in value]
    raise ExpressionError(f"the result is no plain data but {type(value).__name__}")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise ExpressionError(f"a key of an object must be a text, not {key!r}")


def number(value: float) -> int | float:
    """The number, if JSON can carry it."""
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ExpressionError("the number has more than 63 bits")
    elif not math.isfinite(value):
        raise ExpressionError("the number is infinite or not a number")
    return value


def bounded_text(length: int) -> None:
    """Raise when a text of this length may not be built."""
    if length > MAX_TEXT:
        raise ExpressionError(f"the text would have more than {MAX_TEXT} characters")


def bounded_list(length: int) -> None:
    """Raise when a list of this length may not be built."""
    if length > MAX_ITEMS:
        raise ExpressionError(f"the list would have more than {MAX_ITEMS} items")


def as_text(value: object) -> str:
    """A value as it appears within a text: null is empty, the rest but text as JSON.

    This is how `{{ … }}` amid other text, and a value handed over as an environment variable, are written.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    data = plain(value)
    if isinstance(data, Mapping) and SECRET in data:
        raise ExpressionError("a secret cannot become part of a text: hand it over whole, in `env` or `with`")
    return json.dumps(data, ensure_ascii=False)


def join_texts(values: Sequence[object], separator: str = "") -> str:
    """All values in one text, bounded."""
    texts = [as_text(value) for value in values]
    bounded_text(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0))
    return separator.join(texts)


def arithmetic(operator: str, left: object, right: object) -> object:
    """`left operator right` for the operators that can grow, bounded. The others cannot."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return number(_calculate(operator, left, right))
    if operator == "+":
        return _add(left, right)
    if operator == "*":
        return _repeat(left, right)
    raise TypeError(f"{operator} needs two numbers, not {kind(left)} and {kind(right)}")


def _calculate(operator: str, left: float, right: float) -> int | float:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "**":
        return _power(left, right)
    if right == 0:
        raise ExpressionError("division by zero")
    return left / right if operator == "/" else left // right if operator == "//" else left % right


def _power(base: float, exponent: float) -> int | float:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > 128:
        raise ExpressionError("the power is too large")
    try:
        result: object = base**exponent
    except (OverflowError, ZeroDivisionError) as error:
        raise ExpressionError(f"the power cannot be computed: {error}") from None
    if isinstance(result, complex):
        raise ExpressionError("the power is no real number")
    return result if isinstance(result, (int, float)) else 0


def _add(left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        bounded_text(len(left) + len(right))
        return left + right
    if isinstance(left, Sequence) and isinstance(right, Sequence) and not isinstance(left, str | bytes):
        if isinstance(right, str):
            raise TypeError("+ cannot put a list and a text together; ~ makes text of anything")
        bounded_list(len(left) + len(right))
        return [*left, *right]
    raise TypeError(f"+ cannot put {kind(left)} and {kind(right)} together; ~ makes text of anything")


def _repeat(left: object, right: object) -> object:
    values, times = (right, left) if isinstance(left, int) else (left, right)
    if not isinstance(times, int) or not isinstance(values, Sequence):
        raise TypeError(f"* cannot multiply {kind(left)} by {kind(right)}")
    times = max(times, 0)
    if isinstance(values, str):
        bounded_text(len(values) * times)
        return values * times
    bounded_list(len(values) * times)
    return list(values) * times


def kind(value: object) -> str:
    """What a value is, in the words of the language."""
    if value is None:
        return "null"
    for types, word in _KINDS:
        if isinstance(value, types):
            return word
    return type(value).__name__


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "a boolean"),
    ((int, float), "a number"),
    (str, "a text"),
    (Mapping, "an object"),
    (Sequence, "a list"),
)


def among(names: Sequence[str], wanted: str) -> str:
    """` — did you mean …?` or what there is, for the end of a message."""
    from difflib import get_close_matches

    close = get_close_matches(wanted, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    shown = ", ".join(islice(names, 12))
    return f"; there is {shown}" + (" …" if len(names) > 12 else "") if shown else ""
