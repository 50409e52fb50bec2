"""What a file's format knows about its places."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from treadle_hookspecs import split_key

from treadle_merging._strategies import Side
from treadle_merging._values import Value

if TYPE_CHECKING:
    from treadle_merging._unite import Merge

KeyPath: TypeAlias = tuple[str, ...]
"""The keys from the root of a document to a place in it; () is the root. An item of a list goes by its identity."""

Special: TypeAlias = Callable[["Merge", KeyPath, Sequence[Side]], Value]
"""A rule for one place: the merged value; it adds its own rows and notes to the merge."""


@dataclass(frozen=True, slots=True)
class Group:
    """Keys of one map that are only taken whole, from one contributor. `name` is what the row is called."""

    name: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """The places that are more than maps, lists and scalars.

    Args:
        special: rules by pattern of key.
        groups: groups of keys by the pattern of the map that holds them; "" is the root.
        identities: what tells the items of a list of maps apart, by pattern of the list; the default are the first
            of `id`, `name` and `key` that every item has.
    """

    special: Mapping[str, Special] = field(default_factory=dict)
    groups: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)
    identities: Mapping[str, Callable[[Value], str]] = field(default_factory=dict)

    def rule(self, path: KeyPath) -> Special | None:
        """The special rule for a place."""
        return next((rule for pattern, rule in self.special.items() if is_place(pattern, path)), None)

    def groups_at(self, path: KeyPath) -> tuple[Group, ...]:
        """The groups among the keys of a map."""
        return next((groups for pattern, groups in self.groups.items() if is_place(pattern, path)), ())

    def identity(self, path: KeyPath) -> Callable[[Value], str] | None:
        """What tells the items of this list apart, when the format knows."""
        return next((by for pattern, by in self.identities.items() if is_place(pattern, path)), None)


def is_place(pattern: str, path: KeyPath) -> bool:
    """True when the pattern means this very place, not one above it."""
    wanted = split_key(pattern)
    return len(wanted) == len(path) and all(map(fnmatchcase, path, wanted))
