"""JSON data with its sensitive leaves encrypted, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson
from treadle_hookspecs import Json

from treadle.secrets._masker import Masker

SEALED: Final = "$sealed"

RESERVED: Final = frozenset({SEALED, "$payload"})
"""Keys that mark what stands for something else in stored data. Data that has such a key by itself is sealed whole."""

_RESERVED_TEXT: Final = tuple(orjson.dumps(key) for key in sorted(RESERVED))


class Sensitive:
    """The values of one execution that must not be stored in plain."""

    def __init__(self) -> None:
        self._masker = Masker()
        self._short: dict[str, bytes] = {}
        """With their spelling in JSON."""

    def add(self, value: Json) -> None:
        """Register every leaf of a value. One that is too short to be looked for in texts counts as a whole leaf."""
        if isinstance(value, Mapping):
            for item in value.values():
                self.add(item)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for item in value:
                self.add(item)
        elif value is not None and not isinstance(value, bool):
            text = _text(value)
            if text and not self._masker.add(text):
                self._short[text] = orjson.dumps(text)[1:-1]

    def may_be_in(self, encoded: bytes) -> bool:
        """False when JSON text cannot hold anything to seal: one look instead of a walk through the data."""
        if any(key in encoded for key in _RESERVED_TEXT) or any(text in encoded for text in self._short.values()):
            return True
        return self._masker.finds_bytes(encoded)

    def is_in(self, leaf: Json) -> bool:
        """True when a text or a number is such a value, or a text holds one in any form that the masker knows."""
        if leaf is None or isinstance(leaf, bool):
            return False
        text = _text(leaf)
        return text in self._short or self._masker.finds(text)


def _text(leaf: Json) -> str:
    return leaf if isinstance(leaf, str) else orjson.dumps(leaf).decode()


def seal_json(data: Json, sensitive: Sensitive, seal: Callable[[bytes], str]) -> Json:
    """A copy in which every leaf that holds a sensitive value is `{"$sealed": TOKEN}`.

    An object is sealed whole when one of its keys holds a sensitive value, or is itself such a marker: what a step
    published as `{"$sealed": …}` comes back as that.

    Args:
        data: what is to be stored.
        sensitive: the values.
        seal: from bytes to a token, e.g. `Vault.seal` bound to a place.
    """
    if isinstance(data, Mapping):
        if any(key in RESERVED or sensitive.is_in(key) for key in data):
            return {SEALED: seal(orjson.dumps(data))}
        return {key: seal_json(value, sensitive, seal) for key, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [seal_json(item, sensitive, seal) for item in data]
    return {SEALED: seal(orjson.dumps(data))} if sensitive.is_in(data) else data


def unseal_json(data: Json, unseal: Callable[[str], bytes]) -> Json:
    """What `seal_json` was given. Raises what `unseal` raises."""
    if isinstance(data, Mapping):
        if SEALED in data:
            value: Json = orjson.loads(unseal(str(data[SEALED])))
            return value
        return {key: unseal_json(value, unseal) for key, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [unseal_json(item, unseal) for item in data]
    return data
