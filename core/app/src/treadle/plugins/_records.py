"""What is known of a plugin, and the provenance of what it contributes."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from treadle_hookspecs import Json

T = TypeVar("T")

PluginStatus: TypeAlias = Literal["active", "blocked", "broken", "incompatible", "duplicate"]
"""What became of a plugin.

`active` is in use · `blocked` was switched off · `broken` failed at import, at registration or in a hook ·
`incompatible` asks for another version of `treadle-hookspecs` · `duplicate` shares its name with another one.
"""


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """One line of `treadle plugins`.

    Args:
        name: the entry point's name.
        distribution: what `pip` calls the package that brings it.
        version: the distribution's version, "" where its metadata does not say.
        status: see `PluginStatus`.
        reason: why it is not active; of an active one, what is worth knowing, else "".
        provides: what it contributes, e.g. `action git/diff`; of one that broke in a hook, what it gave before.
        order: its position in the order of calling, from 1; 0 when it is not called.
        priority: its `PRIORITY`.
    """

    name: str
    distribution: str
    version: str = ""
    status: PluginStatus = "active"
    reason: str = ""
    provides: tuple[str, ...] = ()
    order: int = 0
    priority: int = 0

    @property
    def label(self) -> str:
        """`distribution version`, as messages name it."""
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def faulty(self) -> bool:
        """True when somebody has to look: it is neither active nor switched off on purpose."""
        return self.status not in ("active", "blocked")

    def to_json(self) -> dict[str, Json]:
        """One entry of `treadle plugins --json`."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "status": self.status,
            "reason": self.reason,
            "provides": list(self.provides),
            "order": self.order,
        }


@dataclass(frozen=True, slots=True)
class Contributed(Generic[T]):
    """Something a plugin contributed, and who it was."""

    record: PluginRecord
    value: T
