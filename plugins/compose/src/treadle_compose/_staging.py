"""A tree of files as a template leaves it: listed, hashed, and refused where it holds what no project may."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, FileKind, JsonObject, TreadleError

FILES: Final = 20_000
BYTES: Final = 512_000_000
DEPTH: Final = 64
_SMALL: Final = 1 << 18
"""Bytes that are read at once."""
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_UNPORTABLE: Final = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*]')
_EXPRESSION: Final = re.compile(r"\{[{%].*[}%]\}")
_DROPPED: Final = frozenset({".git", ".treadle"})
"""Folders that are nobody's to bring along: histories and journals belong to the project."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree.

    Attributes:
        path: relative, with `/`.
        kind: a folder is listed when it is empty.
        mode: 0o755 or 0o644 for files: what git keeps; 0 for links.
        sha256: of the content, of a link's target; "" for folders.
        size: bytes.
        target: of a link.
    """

    path: str
    kind: FileKind
    mode: int = 0o644
    sha256: str = ""
    size: int = 0
    target: str = ""

    def to_json(self) -> JsonObject:
        """As a plan keeps it."""
        return asdict(self)


def scan(root: Path, template: str, *, unrendered: bool = False) -> tuple[Entry, ...]:
    """All entries of a tree, sorted by path, folders' own histories left out.

    Args:
        root: the folder.
        template: whose it is, for messages.
        unrendered: names may hold expressions, which are names of no system.

    Raises:
        TreadleError: it holds a name, a link or a thing that no project may hold, or too much; exit code 4.
    """
    entries, size = [], 0
    for entry in _walk(os.fspath(root), "", template, unrendered):
        entries.append(entry)
        size += entry.size
        if len(entries) > FILES or size > BYTES:
            raise _refused(template, entry.path, f"the tree has more than {FILES} files or {BYTES} bytes")
    return tuple(sorted(entries, key=lambda entry: entry.path))


def digest(entries: Iterable[Entry]) -> str:
    """SHA-256 over paths, kinds, modes and contents, in hex."""
    total = hashlib.sha256()
    for entry in entries:
        total.update(f"{entry.path}\0{entry.kind}\0{entry.mode:o}\0{entry.sha256}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def check_path(template: str, path: str, *, unrendered: bool = False) -> None:
    """Refuse a path that leaves the project, or that some system cannot have. Raises `TreadleError`."""
    if not path or path.startswith("/") or "\0" in path:
        raise _refused(template, path, "it is empty, absolute, or holds a NUL character")
    parts = path.split("/")
    if len(parts) > DEPTH:
        raise _refused(template, path, f"it is more than {DEPTH} folders deep")
    for part in parts:
        if unrendered and _EXPRESSION.search(part):
            continue
        if reason := _wrong_part(part):
            raise _refused(template, path, reason)


@lru_cache(maxsize=4096)
def _wrong_part(part: str) -> str:
    if part in ("", ".", ".."):
        return f"{part!r} is no name"
    if found := _UNPORTABLE.search(part):
        return f"{part!r} holds {found[0]!r}, which Windows forbids"
    if part.endswith((".", " ")):
        return f"{part!r} ends in a dot or a space, which Windows drops"
    if _RESERVED.fullmatch(part):
        return f"{part!r} is a device on Windows"
    if len(part.encode("utf-8", "surrogateescape")) > 255:
        return "a name has more than 255 bytes"
    try:
        part.encode("utf-8")
    except UnicodeEncodeError:
        return f"{part!r} is no UTF-8"
    return ""


def folded(path: str) -> str:
    """Paths that some system takes for one give the same text."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _walk(folder: str, shown: str, template: str, unrendered: bool) -> Iterator[Entry]:
    """The entries below a folder; `shown` is its path in the tree, with a `/` at its end unless it is the root."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda it: it.name)
    if shown and not entries:
        yield Entry(shown[:-1], "dir", 0o755)
    for entry in entries:
        if entry.name in _DROPPED:
            continue
        path = shown + entry.name
        check_path(template, path, unrendered=unrendered)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{path}/", template, unrendered)
        else:
            yield _leaf(entry, path, template)


def _leaf(entry: os.DirEntry[str], shown: str, template: str) -> Entry:
    if entry.is_symlink():
        target = os.readlink(entry.path)  # noqa: PTH115 - as it is written
        check_link(template, shown, target)
        return Entry(shown, "link", 0, hashlib.sha256(target.encode()).hexdigest(), 0, target)
    if not entry.is_file(follow_symlinks=False):
        raise _refused(template, shown, "it is a device, pipe or socket")
    facts = entry.stat(follow_symlinks=False)
    if facts.st_size > BYTES:
        raise _refused(template, shown, f"it is larger than {BYTES} bytes")
    return Entry(shown, "file", 0o755 if facts.st_mode & 0o111 else 0o644, _checksum(entry.path, facts), facts.st_size)


def _checksum(path: str, facts: os.stat_result) -> str:
    with open(path, "rb") as stream:  # noqa: PTH123 - a path by string: there are many
        if facts.st_size <= _SMALL:
            return hashlib.sha256(stream.read()).hexdigest()
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_link(template: str, path: str, target: str) -> None:
    """Refuse a link that leads out of the tree. Raises `TreadleError`."""
    depth = path.count("/")
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            break
    if target.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", target) or depth < 0 or not target:
        raise _refused(template, path, f"it is a link to {target!r}, which leads out of the project")


def copy_tree(entries: Iterable[Entry], source: Path, target: Path) -> None:
    """Copy entries of one folder into another; nothing is hard-linked, so that no change reaches the source."""
    write_tree(entries, lambda entry: (source / entry.path).read_bytes(), target)


def write_tree(entries: Iterable[Entry], read: Callable[[Entry], bytes], target: Path) -> None:
    """Write entries below a folder, which is made."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        path = target / entry.path
        if entry.kind == "dir":
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "link":
            path.symlink_to(entry.target)
        else:
            path.write_bytes(read(entry))
            path.chmod(entry.mode)


def _refused(template: str, path: str, reason: str) -> TreadleError:
    return TreadleError(
        f"template {template}: {path!r} is refused: {reason}",
        context={"template": template, "path": path},
        suggestions=("correct the template",),
        exit_code=ExitCode.NOT_ALLOWED,
    )
