"""What travels between steps: plain JSON data."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""Data that JSON can carry. Nothing else enters an event, an expression or a store."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object: inputs, outputs, settings."""
