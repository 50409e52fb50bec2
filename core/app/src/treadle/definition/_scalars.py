"""What an unquoted word means: YAML 1.2's core schema, less what JSON cannot carry.

`no`, `0755`, `12:30`, `1_000` and dates are texts.
"""

import math
import re
from typing import Final

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_PREFIXED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST: Final = 40
_LARGEST: Final = 2**63 - 1


def resolve(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar. Numbers that 64 bits cannot hold stay text: most likely they are ids."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > _LONGEST or text[0] not in "+-.0123456789":
        return text
    return _number(text)


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text) or _PREFIXED.fullmatch(text):
        number = int(text) if _INTEGER.fullmatch(text) else int(text, 0)
        return number if abs(number) <= _LARGEST else text
    if _FLOAT.fullmatch(text):
        real = float(text)
        return real if math.isfinite(real) else text
    return text
