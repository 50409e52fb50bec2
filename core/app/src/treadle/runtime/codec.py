"""What stands between an execution's memory and the disk: sensitive values are sealed, large ones stored by hash.

In memory an execution works with plain values. Before an event or a row is written, each leaf that holds a sensitive
value (and each object with one in a key) is replaced by `{"$sealed": TOKEN}`, and each output above the threshold by
`{"$payload": HASH, "size": BYTES}`.
Secrets never get as far: an attempt's outputs are masked before the decider sees them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

import orjson
from treadle_hookspecs import Event, Json, JsonObject

from treadle.secrets import MASK, Sensitive, seal_json


class Codec:
    """One execution's protection.

    Args:
        seal: text and the place it belongs to, to a token.
        unseal: a token and its place, back to text.
        load: a payload by hash.
        threshold: bytes of JSON above which a value goes to the payloads.
        on_sensitive: told of each value that is sealed from now on: logs have to mask it.
    """

    def __init__(
        self,
        seal: Callable[[bytes, str], str],
        unseal: Callable[[str, str], bytes],
        load: Callable[[str], bytes | None],
        threshold: int,
        on_sensitive: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._seal = seal
        self._unseal = unseal
        self._load = load
        self._threshold = threshold
        self._on_sensitive = on_sensitive
        self._sensitive = Sensitive()
        self._known: list[str] = []
        self._payloads: dict[str, bytes] = {}

    def add_sensitive(self, value: Json) -> None:
        """From now on every leaf that holds this value, or a leaf of it, is sealed."""
        for leaf in _leaves(value):
            text = leaf if isinstance(leaf, str) else orjson.dumps(leaf).decode()
            if text and leaf not in {True, False, None} and text not in self._known:
                self._known.append(text)
                self._sensitive.add(text)
                self._on_sensitive(text)

    @property
    def sensitive(self) -> Sequence[str]:
        """What is sealed."""
        return tuple(self._known)

    def keep(self, content: bytes) -> str:
        """Have content written with the next append; its SHA-256 in hex."""
        digest = hashlib.sha256(content).hexdigest()
        self._payloads[digest] = content
        return digest

    def take_payloads(self) -> dict[str, bytes]:
        """The payloads that protected values refer to since the last call."""
        payloads, self._payloads = self._payloads, {}
        return payloads

    def protect(self, event: Event) -> Event:
        """The event as it may be stored."""
        if not event.data or self._stands(orjson.dumps(event.data)):
            return event
        data = self.protect_json(event.data, event.execution)
        return event if data is event.data else with_data(event, data)

    def protect_json(self, value: Json, place: str) -> Json:
        """JSON as it may be stored for the execution `place`; the same object when nothing had to change."""
        encoded = orjson.dumps(value)
        if self._stands(encoded):
            return value
        if self._sensitive.may_be_in(encoded):
            value = seal_json(value, self._sensitive, lambda content: self._seal(content, place))
            encoded = orjson.dumps(value)
        if isinstance(value, Mapping) and len(encoded) > self._threshold:
            return {key: self._outlined(item) for key, item in value.items()}
        return value

    def _stands(self, encoded: bytes) -> bool:
        """Nothing in it can be sensitive, look like a marker, or be too large."""
        return not self._known and len(encoded) <= self._threshold and b'"$' not in encoded

    def reveal(self, event: Event) -> Event:
        """The event as it was before `protect`."""
        if not _marked(event.data):
            return event
        return with_data(event, self.reveal_json(event.data, event.execution))

    def reveal_json(self, value: Json, place: str) -> Json:
        """JSON as it was before `protect_json`. What was sealed counts as sensitive from now on."""
        return _replaced(value, lambda marker: self._revealed(marker, place))

    def display(self, value: Json) -> Json:
        """JSON for people: payloads are loaded, what is sealed is masked."""
        return displayed(value, self._load)

    def _outlined(self, value: Json) -> Json:
        content = orjson.dumps(value)
        if len(content) <= self._threshold:
            return value
        if isinstance(value, Mapping) and not value.keys() & {"$sealed", "$payload"}:
            smaller = {key: self._outlined(item) for key, item in value.items()}
            if len(orjson.dumps(smaller)) <= self._threshold:
                return smaller
        return {"$payload": self.keep(content), "size": len(content)}

    def _revealed(self, marker: Mapping[str, Json], place: str) -> Json:
        if "$sealed" in marker:
            value: Json = orjson.loads(self._unseal(str(marker["$sealed"]), place))
            if not isinstance(value, Mapping):
                self.add_sensitive(value)
            # An object was sealed whole for a key of it, or because it looks like a marker; its leaves are its own.
            return value
        return self.reveal_json(_loaded(marker, self._load), place)


_NESTED: Final = frozenset({dict, list, tuple})


def with_data(event: Event, data: Json) -> Event:
    """The event with other data; `data` is a JSON object as the event's was."""
    return event._replace(data=cast("JsonObject", data))


def displayed(value: Json, load: Callable[[str], bytes | None]) -> Json:
    """Stored JSON for people: payloads are loaded, what is sealed is masked."""
    if not value:
        return value

    def shown(marker: Mapping[str, Json]) -> Json:
        return MASK if "$sealed" in marker else displayed(_loaded(marker, load), load)

    return _replaced(value, shown)


def _loaded(marker: Mapping[str, Json], load: Callable[[str], bytes | None]) -> Json:
    content = load(str(marker["$payload"]))
    if content is None:
        return {"missing_payload": marker["$payload"]}
    value: Json = orjson.loads(content)
    return value


def _marked(value: Json) -> bool:
    """Something in it is sealed, or lies elsewhere."""
    if isinstance(value, dict):
        if "$sealed" in value or "$payload" in value:
            return True
        return any(item.__class__ in _NESTED and _marked(item) for item in value.values())
    if isinstance(value, list):
        return any(map(_marked, value))
    return isinstance(value, Mapping | tuple)


def _replaced(value: Json, replace: Callable[[Mapping[str, Json]], Json]) -> Json:
    if isinstance(value, Mapping):
        if "$sealed" in value or "$payload" in value:
            return replace(value)
        return {key: _replaced(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, replace) for item in value]
    return value


def _leaves(value: Json) -> list[Json]:
    if isinstance(value, Mapping):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]
