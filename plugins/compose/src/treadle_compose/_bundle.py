"""A plan with all that it needs, as a folder beside the execution or as one file to carry elsewhere."""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle_compose._lock import Lock
from treadle_compose._operations import Operation, Plan

_PLAN: Final = "plan.json"
_ABOUT: Final = "about.json"
_CONTENTS: Final = "contents"
_SCHEMA: Final = "treadle/composition-bundle@1"
_LARGEST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """A plan, where it goes, what the lock will say, and where the contents are.

    Attributes:
        stages: each template's tree; empty for a packed plan, whose contents are all in the plan.
        subdirs: folders that a template's tree goes into.
    """

    plan: Plan
    target: Path
    lock: Lock
    stages: Mapping[str, Path] = field(default_factory=dict)
    subdirs: Mapping[str, str] = field(default_factory=dict)

    def read(self, operation: Operation) -> bytes:
        """The content of an operation's file. Raises `TreadleError` when it is not what was planned."""
        wanted = operation.entry.sha256
        content = self.plan.contents.get(wanted)
        if content is None:
            source = self.stages.get(operation.source)
            if source is None:
                # The user's own file, which stays as it is; only its mode may change.
                content = (self.target / operation.path).read_bytes()
            else:
                origin = operation.origin
                if operation.source in self.subdirs:
                    origin = origin.removeprefix(f"{self.subdirs[operation.source]}/")
                content = (source / origin).read_bytes()
        if sha256(content).hexdigest() != wanted:
            raise TreadleError(f"{operation.path}: its content is not what was planned", exit_code=ExitCode.CONFLICT)
        return content

    def write(self, folder: Path) -> Path:
        """Lay it down in a folder, which is made; its path."""
        contents = folder / _CONTENTS
        contents.mkdir(parents=True, exist_ok=True)
        for name, content in self.plan.contents.items():
            (contents / name).write_bytes(content)
        (folder / _ABOUT).write_text(json.dumps(self._about(), ensure_ascii=False), "utf-8")
        (folder / _PLAN).write_text(self.plan.text(), "utf-8")
        return folder

    def pack(self, path: Path, hidden: Sequence[str] = ()) -> None:
        """Write it as one file with every content.

        Raises:
            TreadleError: a content holds one of the texts in `hidden` (exit code 4): such a file is carried around.
        """
        contents = dict(self._contents())
        secret = {name for name, content in contents.items() if any(it.encode() in content for it in hidden)}
        if secret:
            raise _would_tell([it.path for it in self.plan.operations if it.entry.sha256 in secret])
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {**self._about(), "stages": {}, "subdirs": {}}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_PLAN, self.plan.text())
            archive.writestr(_ABOUT, json.dumps(about, ensure_ascii=False))
            for name, content in sorted(contents.items()):
                archive.writestr(f"{_CONTENTS}/{name}", content)
        path.chmod(0o600)

    @classmethod
    def load(cls, path: Path) -> "Bundle":
        """From a folder or a file. Raises `TreadleError` when it is none, or damaged."""
        try:
            return cls._from_folder(path) if path.is_dir() else cls._from_file(path)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise TreadleError(f"{path} is no plan of a composition: {error}", context={"file": str(path)}) from error

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        for operation in self.plan.operations:
            if operation.entry.kind == "file" and operation.kind != "keep":
                yield operation.entry.sha256, self.read(operation)

    def _about(self) -> dict[str, Any]:
        return {
            "schema": _SCHEMA,
            "target": str(self.target),
            "lock": json.loads(self.lock.text()),
            "stages": {name: str(path) for name, path in self.stages.items()},
            "subdirs": dict(self.subdirs),
        }

    @classmethod
    def _from_folder(cls, folder: Path) -> "Bundle":
        contents = {it.name: it.read_bytes() for it in folder.glob(f"{_CONTENTS}/*")}
        return cls._made((folder / _PLAN).read_bytes(), (folder / _ABOUT).read_bytes(), contents)

    @classmethod
    def _from_file(cls, path: Path) -> "Bundle":
        with zipfile.ZipFile(path) as archive:
            if sum(it.file_size for it in archive.infolist()) > _LARGEST:
                raise ValueError(f"it unpacks to more than {_LARGEST} bytes")
            names = [it for it in archive.namelist() if it.startswith(f"{_CONTENTS}/")]
            contents = {name.rpartition("/")[2]: archive.read(name) for name in names}
            return cls._made(archive.read(_PLAN), archive.read(_ABOUT), contents)

    @classmethod
    def _made(cls, plan: bytes, about: bytes, contents: Mapping[str, bytes]) -> "Bundle":
        facts = json.loads(about)
        if facts["schema"] != _SCHEMA:
            raise ValueError(f"it is a {facts['schema']}")
        return cls(
            Plan.from_json(json.loads(plan), contents),
            Path(facts["target"]),
            Lock.from_json(facts["lock"]),
            {name: Path(path) for name, path in facts["stages"].items()},
            facts["subdirs"],
        )


def _would_tell(paths: Sequence[str]) -> TreadleError:
    return TreadleError(
        f"the plan would hold a secret in clear: {', '.join(paths)}",
        context={"type": "secret", "paths": list(paths)},
        suggestions=("look at it with --dry-run or --diff", "compose at once, or with a placeholder for the secret"),
        exit_code=ExitCode.NOT_ALLOWED,
    )
