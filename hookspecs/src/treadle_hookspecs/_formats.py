"""Other dialects of definitions: what a format is given, and what it gives back.

A format turns a file of another tool into the canonical definition. Every value that it takes over keeps its place, so
that a problem is shown at the line of the file that the author wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

from treadle_hookspecs._json import Json


@dataclass(frozen=True, slots=True)
class Placed:
    """A value of the file.

    Args:
        value: a scalar, a tuple of values, or an object's values by name.
        span: the characters of the text that it takes, from 0: from the first to before the other.
        key: the characters of its key, where it is an object's value.
    """

    value: "bool | int | float | str | tuple[Placed, ...] | Mapping[str, Placed] | None"
    span: tuple[int, int]
    key: tuple[int, int] | None = None

    @property
    def entries(self) -> "Mapping[str, Placed]":
        """An object's values by name; of anything else nothing."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> "tuple[Placed, ...]":
        """A list's values; of anything else nothing."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def text(self) -> str:
        """A text as it is; of anything else ""."""
        return self.value if isinstance(self.value, str) else ""

    def get(self, name: str) -> "Placed | None":
        """An object's value by name, or None."""
        return self.entries.get(name)

    def plain(self) -> Json:
        """The data without the places."""
        if isinstance(self.value, Mapping):
            return {name: value.plain() for name, value in self.value.items()}
        if isinstance(self.value, tuple):
            return [value.plain() for value in self.value]
        return self.value


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that the file does not have in this form, and the one that it comes from: its place is shown."""

    value: "Mapped"
    of: Placed


Mapped: TypeAlias = Placed | Derived | bool | int | float | str | Sequence["Mapped"] | Mapping[str, "Mapped"] | None
"""A value of the canonical definition. What is neither placed nor derived stands where the value around it does."""


class MappingProblem(NamedTuple):
    """What a format has to say about a file. Only an error keeps the definition from running."""

    message: str
    at: Placed | None = None
    hint: str = ""
    severity: Literal["error", "warning", "note"] = "error"


@dataclass(frozen=True, slots=True)
class Translation:
    """The canonical definition, and what there is to say about it."""

    definition: Mapping[str, Mapped]
    problems: tuple[MappingProblem, ...] = ()


class DefinitionSource(Protocol):
    """A definition's file as a format is given it."""

    @property
    def name(self) -> str:
        """The file, as it was named."""

    @property
    def text(self) -> str:
        """All of it, with line feeds as line ends."""

    def tree(self) -> Placed:
        """The file as YAML, or as JSON if its name ends so; read as strictly as every definition."""

    def json5(self, at: int) -> Placed:
        """The JSON5 value (comments, bare keys, single quotes, commas at the end) that starts at a character."""

    def inputs_of(self, action: str) -> "frozenset[str] | None":
        """The names of an action's inputs; None where it is not installed, or takes any."""
