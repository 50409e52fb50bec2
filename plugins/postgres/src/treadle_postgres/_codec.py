"""JSON columns: data in, text out, and back without loss. Several rows travel as one JSON text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from treadle_hookspecs import Json

_EXACT: Final = " "
"""Begins a text that orjson would not read back as it was: large integers, lone surrogates, very deep data."""


def dump(value: Json) -> str | None:
    """JSON text, or None for None. Raises TypeError for what JSON cannot carry."""
    if value is None:
        return None
    try:
        return orjson.dumps(value, default=_plain).decode()
    except orjson.JSONEncodeError as error:
        if "key" in str(error) or error.__cause__ is not None:
            raise
        return _EXACT + json.dumps(value, default=_plain, allow_nan=False, separators=(",", ":"))


def load(text: str | None) -> Any:
    """The data of a column; None for NULL."""
    if text is None:
        return None
    return json.loads(text) if text.startswith(_EXACT) else orjson.loads(text)


def pack(rows: Sequence[Mapping[str, object]]) -> str | None:
    """Rows as one parameter for `json_to_recordset`, or None for none."""
    return orjson.dumps(rows).decode() if rows else None


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON data")
