"""What stands at a path: the states that a plan names and that are compared before anything is touched."""

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from treadle_hookspecs import Json, JsonObject

from treadle.workspace.journal._os import Calls

Kind = Literal["absent", "file", "link", "dir", "other"]

_KINDS: Final = frozenset(get_args(Kind))
_PIECE: Final = 1 << 20
_MOVING: Final = (errno.ELOOP, errno.EINVAL, errno.ENXIO, errno.ENOTDIR, errno.EMLINK)
"""What opening or reading a thing gives when it has just become another thing."""


@dataclass(frozen=True, slots=True)
class State:
    """One state. Two are equal when content, mode and target are.

    Attributes:
        kind: `other` is a device, pipe or socket, or a thing that changed while it was looked at: equal to no plan.
        mode: permission bits of a file or folder, 0 otherwise.
        sha256: of a file's content, in hex.
        target: where a link leads, as it is written there.
    """

    kind: Kind
    mode: int = 0
    sha256: str = ""
    target: str = ""

    def to_json(self) -> JsonObject:
        """As a plan keeps it."""
        return {name: value for name, value in self._fields().items() if name == "kind" or value}

    @classmethod
    def from_json(cls, data: Json) -> "State":
        """Raises `ValueError` for anything that `to_json` would not have written."""
        if not isinstance(data, Mapping):
            raise ValueError("a state is not an object")  # noqa: TRY004 - what is read is wrong, not the caller
        wanted = cls("absent")._fields()
        values = {**wanted, **data}
        if values.keys() != wanted.keys() or any(type(values[name]) is not type(wanted[name]) for name in wanted):
            raise ValueError("a state has other fields than it should")
        state = cls(**values)  # type: ignore[arg-type]
        if state.kind not in _KINDS or not 0 <= state.mode <= 0o7777:
            raise ValueError("a state has a kind or a mode that is not known")
        return state

    def _fields(self) -> dict[str, Json]:
        return {"kind": self.kind, "mode": self.mode, "sha256": self.sha256, "target": self.target}

    def __str__(self) -> str:
        words = {"absent": "nothing", "link": f"a link to {self.target}", "other": "something that is no file"}
        return words.get(self.kind) or f"a {'folder' if self.kind == 'dir' else 'file'} of mode {self.mode:04o}"


ABSENT: Final = State("absent")
OTHER: Final = State("other")


def look(path: Path) -> State:
    """What stands at a path now. Links are not followed. Raises `OSError` when it cannot be read."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return look_in(Calls(), folder, path.name)
    finally:
        os.close(folder)


def look_in(calls: Calls, folder: int, name: str) -> State:
    """As `look`, for a name in a folder that is open; another spelling of the name is another name."""
    try:
        facts = calls.stat(name, folder)
        if not _spelled(calls, folder, name, facts):
            return ABSENT
        return _state(calls, folder, name, facts)
    except FileNotFoundError:
        return ABSENT
    except OSError as error:
        if error.errno in _MOVING:
            return OTHER
        raise


def folded(name: str) -> str:
    """Names that some system takes for one give the same text."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def same_entry(calls: Calls, one: tuple[int, str], other: tuple[int, str]) -> bool:
    """Two names, each with its folder's descriptor, of one file."""
    try:
        return os.path.samestat(calls.stat(one[1], one[0]), calls.stat(other[1], other[0]))
    except OSError:
        return False


def _state(calls: Calls, folder: int, name: str, facts: os.stat_result) -> State:
    if stat.S_ISREG(facts.st_mode):
        return _file(calls, folder, name)
    if stat.S_ISDIR(facts.st_mode):
        return State("dir", stat.S_IMODE(facts.st_mode))
    if stat.S_ISLNK(facts.st_mode):
        return State("link", target=calls.readlink(name, folder))
    return OTHER


def _file(calls: Calls, folder: int, name: str) -> State:
    descriptor = calls.open(name, folder)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return OTHER
        digest, wanted = hashlib.sha256(), min(facts.st_size + 1, _PIECE)
        while piece := calls.read(descriptor, wanted):
            digest.update(piece)
            if len(piece) < wanted:  # only at the end is less given than was asked for
                break
        return State("file", stat.S_IMODE(facts.st_mode), digest.hexdigest())
    finally:
        os.close(descriptor)


def _spelled(calls: Calls, folder: int, name: str, facts: os.stat_result) -> bool:
    """False when a file system that does not tell `a` from `A` found something under another spelling.

    Folders of one disk may differ in this, so each is asked: with the name in the other case where that is enough.
    """
    if name.isascii():
        other = name.swapcase()
        try:
            if other == name or not os.path.samestat(facts, calls.stat(other, folder)):
                return True
        except OSError:
            return True
    composed = _composed(name)
    return any(composed == _composed(one) for one in calls.names(folder))


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
