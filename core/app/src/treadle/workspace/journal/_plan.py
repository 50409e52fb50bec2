"""A plan: what is to stand at each path, what stood there, and in which order it is changed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from treadle_hookspecs import Json

from treadle.workspace.journal._folders import Parts
from treadle.workspace.journal.states import State

FORMAT: Final = 1
HOME: Final = ".treadle"
_LATEST: Final = 1 << 63
_USABLE: Final = 0o700
"""What a folder's owner needs to change what is in it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One path from one state to another. `last` puts it behind all others."""

    parts: Parts
    pre: State
    post: State
    last: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A change with its place in the order, which also names its files in the journal."""

    index: int
    parts: Parts
    pre: State
    post: State

    @property
    def path(self) -> str:
        """Relative to the root, `/` between the parts."""
        return "/".join(self.parts)

    @property
    def slot(self) -> str:
        """The name under which the staged result and the captured original are kept."""
        return str(self.index)

    @property
    def in_place(self) -> bool:
        """A folder that stays and only gets another mode: one call, nothing to capture."""
        return self.pre.kind == "dir" == self.post.kind

    @property
    def makes(self) -> bool:
        """Something is staged for it."""
        return self.post.kind != "absent" and not self.in_place


@dataclass(frozen=True, slots=True)
class Plan:
    """All operations of one transaction in order.

    Attributes:
        id: the transaction's.
        operations: in the order in which they are applied; undo goes backwards.
        modified: when the entries of each folder that was there changed last, in nanoseconds, by path ("" is the root).
    """

    id: str
    operations: tuple[Operation, ...]
    modified: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """ASCII, so that names that are no UTF-8 survive."""
        operations: list[Json] = [
            {"i": it.index, "path": it.path, "pre": it.pre.to_json(), "post": it.post.to_json()}
            for it in self.operations
        ]
        data = {"format": FORMAT, "id": self.id, "ops": operations, "modified": dict(self.modified)}
        return json.dumps(data, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_json(cls, content: bytes) -> "Plan":
        """Raises `ValueError` for what `to_json` would not have written, paths that leave the root included."""
        try:
            data = json.loads(content)
            if data["format"] != FORMAT:
                raise ValueError(f"format {data['format']} is not known")
            operations = tuple(_operation(index, one) for index, one in enumerate(data["ops"]))
            for name, moment in data["modified"].items():
                _parts(name, empty=True)
                if type(moment) is not int or not 0 <= moment < _LATEST:
                    raise ValueError(f"{moment!r} is no time")
            return cls(str(data["id"]), operations, dict(data["modified"]))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"it is no plan: {error!r}") from error


def ordered(changes: Iterable[Change]) -> tuple[Operation, ...]:
    """Modes that open folders, deletions deepest first, folders shallow to deep, files and links by path, other modes.

    A folder that its owner may not change cannot be moved either, nor can anything in it. One that goes is opened
    first; one that comes gets its mode at the end.
    """
    every = sorted((part for change in changes for part in _split(change)), key=_rank)
    return tuple(Operation(index, it.parts, it.pre, it.post) for index, it in enumerate(every))


def _split(change: Change) -> tuple[Change, ...]:
    pre, post = _usable(change.pre), _usable(change.post)
    if change.pre.kind == change.post.kind or (pre, post) == (change.pre, change.post):
        return (change,)
    if change.pre.kind == "dir":
        return (Change(change.parts, change.pre, pre), replace(change, pre=pre))
    return (replace(change, post=post), Change(change.parts, post, change.post))


def _usable(state: State) -> State:
    return replace(state, mode=state.mode | _USABLE) if state.kind == "dir" else state


def _rank(change: Change) -> tuple[int, int, Parts]:
    depth = len(change.parts)
    if change.last:
        return 5, depth, change.parts
    if change.pre.kind == "dir" == change.post.kind:
        opens = change.post.mode & _USABLE == _USABLE
        return (0, depth, change.parts) if opens else (4, -depth, change.parts)
    if change.post.kind == "absent":
        return 1, -depth, change.parts
    return (2, depth, change.parts) if change.post.kind == "dir" else (3, 0, change.parts)


def _operation(index: int, data: Mapping[str, Json]) -> Operation:
    if data["i"] != index:
        raise ValueError("operations are out of order")
    pre, post = State.from_json(data["pre"]), State.from_json(data["post"])
    if "other" in (pre.kind, post.kind):
        raise ValueError("a state is neither file, link, folder nor nothing")
    return Operation(index, _parts(str(data["path"])), pre, post)


def _parts(name: str, *, empty: bool = False) -> Parts:
    if empty and not name:
        return ()
    parts = tuple(name.split("/"))
    if "\0" in name or {"", ".", ".."} & set(parts) or parts[0].casefold() == HOME:
        raise ValueError(f"{name!r} is no path below the root")
    return parts
