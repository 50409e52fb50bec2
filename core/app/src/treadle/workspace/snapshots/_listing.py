"""What lies below a root: files, links and folders, without what git ignores as a whole folder."""

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace.snapshots._git import Git, finished

_WORDS: Final = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
_HOME: Final = ".treadle"
_GIT: Final = ".git"
MOST: Final = 200_000
"""Files that a root may have: somebody who has snapshots taken of a home folder did not mean to."""


@dataclass(slots=True)
class Listing:
    """One look at a tree. Paths are relative, with `/`.

    Attributes:
        files: regular files and links, with what `lstat` says.
        folders: their modes; those of folders that git ignores as well.
        ignored: folders that git ignores as a whole: nobody looked into them.
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)


def listed(git: Git, apart: tuple[Path, ...] = ()) -> Listing:
    """Look at the tree below `git.root`. `apart` are folders that are no part of it, wherever they lie."""
    listing = Listing()
    repositories: list[str] = []
    ignored = _ignored(git, "")
    _walk(git.root, "", ignored, frozenset(map(os.fspath, apart)), listing, repositories)
    while repositories:
        # A repository inside: the one around it says nothing of what is ignored there.
        inner = repositories.pop()
        _walk(git.root, inner, _ignored(git, inner), frozenset(map(os.fspath, apart)), listing, repositories)
    return listing


def _ignored(git: Git, inside: str) -> set[str]:
    """Folders that are ignored as a whole, in the user's own repository; without one, by the `.gitignore` files."""
    there = git.at(git.root / inside)
    try:
        names = finished(there.start(*_WORDS, own=False)).split(b"\0")
    except TreadleError:  # no repository, or one that belongs to somebody else
        names = _by_files(there)
    if b"./" in names:  # all of it is ignored by a repository around it, which says nothing of what is in it
        names = _by_files(there)
    lead = f"{inside}/" if inside else ""
    return {f"{lead}{os.fsdecode(name)}" for name in _opaque(names)}


def _opaque(names: list[bytes]) -> Iterator[bytes]:
    """Folders that a rule names. Those that merely hold nothing but ignored files are told with what they hold."""
    holding = {name.rstrip(b"/").rpartition(b"/")[0] for name in names}
    for name in names:
        if name.endswith(b"/") and name != b"./" and name[:-1] not in holding:
            yield name[:-1]


def _by_files(git: Git) -> list[bytes]:
    return git.at(git.root, index="none").run(*_WORDS).split(b"\0")


def _walk(
    root: Path, inside: str, ignored: set[str], apart: frozenset[str], listing: Listing, repositories: list[str]
) -> None:
    waiting = [inside]
    while waiting:
        folder = waiting.pop()
        if len(listing.files) > MOST:
            raise TreadleError(
                f"{root} holds more than {MOST} files: a snapshot of it would take too long",
                suggestions=("name what is made in .gitignore, or run the workflow in a folder of its own",),
                exit_code=ExitCode.NOT_ALLOWED,
            )
        for entry in _entries(root / folder if folder else root):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name == _GIT or path == _HOME or entry.path in apart:
                continue
            with contextlib.suppress(FileNotFoundError):
                facts = entry.stat(follow_symlinks=False)
                if not stat.S_ISDIR(facts.st_mode):
                    if stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode):
                        listing.files[path] = facts
                    continue
                listing.folders[path] = stat.S_IMODE(facts.st_mode)
                if path in ignored:
                    listing.ignored.add(path)
                elif os.path.lexists(f"{entry.path}/{_GIT}"):
                    repositories.append(path)
                else:
                    waiting.append(path)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a folder; nothing when it has gone or may not be read."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError), os.scandir(folder) as entries:
        yield from entries
