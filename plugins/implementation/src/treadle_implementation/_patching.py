"""Applying unified diffs to copies: nothing of the workspace changes before all of it is known to fit."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError

_HEADER: Final = re.compile(r"^diff --git ", re.MULTILINE)
_OLD: Final = re.compile(r"^--- (?:a/)?(?P<path>[^\t\n]+)", re.MULTILINE)
_NEW: Final = re.compile(r"^\+\+\+ (?:b/)?(?P<path>[^\t\n]+)", re.MULTILINE)
_NOWHERE: Final = "/dev/null"
_BITS: Final = 0o777


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What a diff does to one file. `old` and `new` are "" where the file is not there."""

    text: str
    old: str
    new: str

    @property
    def path(self) -> str:
        """The file after the change, or before it where it is gone."""
        return self.new or self.old

    @property
    def binary(self) -> bool:
        """It does not say what changes."""
        return "\nBinary files " in self.text


@dataclass(frozen=True, slots=True)
class Result:
    """What a file becomes: its bytes and permission bits, or nothing."""

    path: str
    content: bytes | None
    mode: int | None


def split(diff: str) -> list[FilePatch]:
    """A diff by file. Text before the first file is left out."""
    return [patch for part in _parts(diff) if (patch := _patch(part)) is not None]


def _parts(diff: str) -> Iterator[str]:
    starts = [match.start() for match in _HEADER.finditer(diff)] or [match.start() for match in _OLD.finditer(diff)]
    for start, end in pairwise([*starts, len(diff)]):
        yield diff[start:end]


def _patch(text: str) -> FilePatch | None:
    old, new = _OLD.search(text), _NEW.search(text)
    if old is None or new is None:
        return _without_lines(text)
    return FilePatch(text, *("" if match["path"] == _NOWHERE else match["path"] for match in (old, new)))


def _without_lines(text: str) -> FilePatch | None:
    """A change of mode, a rename, an empty or a binary file."""
    match = re.match(r"diff --git a/(.+) b/(.+)", text.partition("\n")[0])
    if match is None:
        return None
    return FilePatch(text, "" if "\nnew file" in text else match[1], "" if "\ndeleted file" in text else match[2])


async def applied(context: ActionContext, patches: Sequence[FilePatch], *, reverse: bool = False) -> list[Result]:
    """What the files become.

    Raises:
        ActionError: `does-not-apply`, with git's own words.
    """
    place = context.scratch / "patch"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    names = sorted({name for patch in patches for name in (patch.old, patch.new) if name})
    for name in names:
        source = context.workspace.path(name)
        if source.is_file():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    flags = ("--reverse",) if reverse else ()
    text = "".join(patch.text if patch.text.endswith("\n") else f"{patch.text}\n" for patch in patches)
    result = await context.run(
        ["git", "apply", "--whitespace=nowarn", *flags, "-"],
        cwd=place,
        env={"GIT_CEILING_DIRECTORIES": str(place.parent), "GIT_DIR": str(place / ".no-repository")},
        stdin=text.encode(),
    )
    if not result.ok:
        last = (result.stderr.strip().splitlines() or ["git apply failed"])[-1]
        raise ActionError(f"the patch does not apply: {last}", error_class="does-not-apply", retryable=False)
    found = [_result(place, name) for name in names]
    shutil.rmtree(place, ignore_errors=True)
    return found


def _result(place: Path, name: str) -> Result:
    path = place / name
    return Result(name, path.read_bytes(), path.stat().st_mode & _BITS) if path.is_file() else Result(name, None, None)


def write(context: ActionContext, results: Sequence[Result]) -> list[str]:
    """Put results in their places in one transaction; the paths that differ from what stood there."""
    changed = [one for one in results if _differs(context.workspace.path(one.path), one)]
    if changed:
        with context.workspace.transaction() as changes:
            for one in changed:
                if one.content is None:
                    changes.delete(one.path)
                else:
                    changes.write(one.path, one.content, one.mode)
    return [one.path for one in changed]


def _differs(path: Path, result: Result) -> bool:
    if not path.is_file():
        return result.content is not None
    return result.content is None or path.read_bytes() != result.content or path.stat().st_mode & _BITS != result.mode
