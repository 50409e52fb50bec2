"""A snapshot: a git tree, and what git does not keep: modes, empty folders, folders that are ignored, large files."""

import json
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

FORMAT: Final = 1
Kind = Literal["file", "link", "dir", "ignored", "unkept"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What stood at a path.

    Attributes:
        kind: `ignored` is a folder that git ignores: what it held is not known. `unkept` is a file too large, or not
            readable: that it was there is known, and not what it held.
        mode: permission bits; 0 of a link.
        id: of a file or link: the git blob of its content; of `unkept`: its size and times.
    """

    kind: Kind
    mode: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a root's files.

    Attributes:
        execution, visit, moment: whose it is: `before` or `after` a visit, or another name.
        at: nanoseconds since 1970 at which looking began: what was changed later may not be in it.
        tree: the git tree of all files and links whose content is kept.
        modes: permission bits of an executable file, of another file, and of a folder, where `extra` says nothing.
        extra: entries that the tree and `modes` do not tell.
    """

    execution: str
    visit: str
    moment: str
    at: int
    tree: str
    modes: tuple[int, int, int] = (0o755, 0o644, 0o755)
    extra: Mapping[str, Entry] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """As it is kept; ASCII, so that names that are no UTF-8 survive."""
        extra = {path: [entry.kind, entry.mode, entry.id] for path, entry in self.extra.items()}
        data: dict[str, Any] = {name: getattr(self, name) for name in ("execution", "visit", "moment", "at", "tree")}
        data |= {"format": FORMAT, "modes": self.modes, "extra": extra}
        return json.dumps(data, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_json(cls, content: bytes) -> "Snapshot":
        """What `to_json` wrote. Raises `ValueError` for anything else."""
        try:
            data = json.loads(content)
            if data.pop("format") != FORMAT:
                raise ValueError("its format is not known")
            extra = {path: Entry(kind, int(mode), str(id_)) for path, (kind, mode, id_) in data.pop("extra").items()}
            executable, plain, folder = data.pop("modes")
            return cls(**data, modes=(executable, plain, folder), extra=extra)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no snapshot: {error!r}") from error

    def same_files(self, other: "Snapshot") -> bool:
        """Nothing differs."""
        return (self.tree, self.modes, self.extra) == (other.tree, other.modes, other.extra)

    def within(self, path: str, mode: str, id_: str) -> Entry:
        """The entry of a path in the tree, from what git says of it: `100644` and a blob."""
        found = self.extra.get(path)
        if mode == "120000":
            return Entry("link", 0, id_)
        default = self.modes[0] if mode == "100755" else self.modes[1]
        return Entry("file", found.mode if found is not None and found.kind == "file" else default, id_)


def usual_modes(files: Iterable[int], folders: Iterable[int]) -> tuple[int, int, int]:
    """The commonest modes of executable files, of other files and of folders, so that few entries need their own."""
    executable, plain = Counter[int](), Counter[int]()
    for mode in files:
        (executable if mode & stat.S_IXUSR else plain)[mode] += 1
    return _commonest(executable, 0o755), _commonest(plain, 0o644), _commonest(Counter(folders), 0o755)


def _commonest(modes: "Counter[int]", default: int) -> int:
    return modes.most_common(1)[0][0] if modes else default
