"""JSON in the order in which it was written: Temporal's own form sorts keys, but a `with:` is evaluated in order."""

import json
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    BinaryNullPayloadConverter,
    CompositePayloadConverter,
    EncodingPayloadConverter,
)


class OrderedJson(EncodingPayloadConverter):
    """Plain JSON data, and nothing else."""

    @property
    def encoding(self) -> str:
        """As Temporal's user interface knows it."""
        return "json/plain"

    def to_payload(self, value: Any) -> Payload:
        """Raises `TypeError` for what is no JSON data."""
        data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        return Payload(metadata={"encoding": b"json/plain"}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002 - the contract's
        """The data."""
        return json.loads(payload.data)


class OrderedPayloads(CompositePayloadConverter):
    """None and JSON data."""

    def __init__(self) -> None:
        super().__init__(BinaryNullPayloadConverter(), OrderedJson())
