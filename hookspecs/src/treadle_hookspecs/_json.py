"""What travels between steps: plain JSON data."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]  # noqa: RUF036
"""Data that JSON can carry. Nothing else enters an event, an expression or a store."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object: inputs, outputs, settings."""
