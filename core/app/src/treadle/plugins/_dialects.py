"""Formats of plugins for definitions in other dialects."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import TreadleError

from treadle.plugins._imports import foreign_code, load_object
from treadle.plugins._records import Contributed

if TYPE_CHECKING:
    from treadle_hookspecs import DefinitionFormat, DefinitionSource, Translation


@dataclass(frozen=True, slots=True)
class LoadedDialect:
    """A format that has taken a file for its own."""

    name: str
    item: Contributed["DefinitionFormat"]

    def load(self, source: "DefinitionSource") -> "Translation":
        """The canonical definition. What the plugin raises passes through."""
        from treadle_hookspecs import Translation

        load = load_object(self.item.value.target, self.item.record)
        with foreign_code(f"{self.item.record.label} reads {source.name} as {self.name}"):
            translation: Any = load(source)
        if not isinstance(translation, Translation):
            raise _unusable(self.item, f"`load` returned {type(translation).__name__}, not a Translation")
        return translation


def dialect_of(name: str, head: str, formats: Iterable[Contributed["DefinitionFormat"]]) -> LoadedDialect | None:
    """The first format that takes a file for its own."""
    for item in formats:
        detect = load_object(item.value.detect, item.record)
        with foreign_code(f"{item.record.label} looks at {name}"):
            if detect(name, head):
                return LoadedDialect(item.value.name, item)
    return None


def _unusable(item: Contributed["DefinitionFormat"], reason: str) -> TreadleError:
    return TreadleError(
        f"the definition format {item.value.name} of {item.record.label} is broken: {reason}",
        context={"format": item.value.name, "distribution": item.record.distribution},
    )
