"""The trees that a plan reads: the templates' staging folders, and the project as it stands."""

import hashlib
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from treadle_hookspecs import ExitCode, TreadleError

from treadle_compose._contents import Contents
from treadle_compose._lock import Lock
from treadle_compose._operations import PROJECT, Base
from treadle_compose._staging import Entry, folded


@dataclass(slots=True)
class FolderTrees:
    """`_operations.Trees` over folders.

    Args:
        stages: each template's staging folder.
        target: the project.
        contents: what earlier compositions brought.
        lock: what the last one wrote.
        subdirs: folders that a template's tree goes into.
        present: templates of earlier compositions that stay as they are, and what each brought.
    """

    stages: Mapping[str, Path]
    target: Path
    contents: Contents
    lock: Lock = field(default_factory=Lock)
    subdirs: Mapping[str, str] = field(default_factory=dict)
    present: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    _bases: Mapping[str, Base] | None = None
    _seen: dict[str, Entry | None] = field(default_factory=dict)
    _names: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, template: str, path: str) -> bytes:
        """The content of a file."""
        if template in self.present:
            return self._brought(template, path)
        root = self.target if template == PROJECT else self.stages[template]
        if template in self.subdirs:
            path = path.removeprefix(f"{self.subdirs[template]}/")
        return (root / path).read_bytes()

    def project(self, path: str) -> Entry | None:
        """What stands in the project at a path, looked at once."""
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path]

    def base(self, path: str) -> Base | None:
        """What the last composition left at a path."""
        return self.bases().get(path)

    def bases(self) -> Mapping[str, Base]:
        """What it left anywhere."""
        if self._bases is None:
            self._bases = self.lock.bases()
        return self._bases

    def base_content(self, path: str) -> bytes | None:
        """What its templates alone said at a path."""
        return self.contents.get(self.bases()[path].entry.sha256, path)

    def kept(self) -> Collection[str]:
        """Templates that stay as they are."""
        return self.present.keys()

    def _brought(self, template: str, path: str) -> bytes:
        entry = next(it for it in self.present[template] if it.path == path)
        content = self.contents.get(entry.sha256, path)
        if content is None:
            raise TreadleError(
                f"{path} is to be composed with what {template} brought before, which is not kept on this machine",
                context={"file": path, "template": template},
                suggestions=(f"name it again, so that it is rendered anew: --from-templates {template},…",),
                exit_code=ExitCode.NOT_FOUND,
            )
        return content

    def _look(self, path: str) -> Entry | None:
        """Each folder on the way is a real one: nothing behind a link is the project's."""
        folder, found = "", ""
        parts = path.split("/")
        for place, part in enumerate(parts):
            name = self._spelled(folder, part)
            if not name:
                return None
            found = f"{folder}/{name}" if folder else name
            facts = (self.target / found).lstat()
            if place < len(parts) - 1:
                if not stat.S_ISDIR(facts.st_mode):
                    return None
                folder = found
        return _entry(self.target / found, found)

    def _spelled(self, folder: str, name: str) -> str:
        """A name as the folder has it: the very same, else one that differs in case or composition only."""
        if folder not in self._names:
            try:
                names = sorted(os.listdir(self.target / folder))  # noqa: PTH208 - names only
            except OSError:
                names = []
            self._names[folder] = {**{folded(it): it for it in names}, **{it: it for it in names}}
        known = self._names[folder]
        return known.get(name) or known.get(folded(name), "")


def _entry(path: Path, shown: str) -> Entry:
    facts = path.lstat()
    if stat.S_ISLNK(facts.st_mode):
        target = os.readlink(path)  # noqa: PTH115 - as it is written
        return Entry(shown, "link", 0, hashlib.sha256(os.fsencode(target)).hexdigest(), 0, target)
    if stat.S_ISDIR(facts.st_mode):
        return Entry(shown, "dir", stat.S_IMODE(facts.st_mode))
    if not stat.S_ISREG(facts.st_mode):
        return Entry(shown, "link", 0, "", 0, "a device")
    with path.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return Entry(shown, "file", stat.S_IMODE(facts.st_mode), checksum, facts.st_size)
