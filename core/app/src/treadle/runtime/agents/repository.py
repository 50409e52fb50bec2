"""The user's repository while an agent works in it: what the agent moved in it is put back, and nothing of it is lost.

An agent changes files. Commits, branches, the index, the stash, hooks and configuration are the user's.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import TreadleError

from treadle.workspace.snapshots._git import clean_environment, program

_FOLDERS: Final = ("refs", "logs", "hooks", "info", "reftable", "rebase-merge", "rebase-apply", "sequencer")
_RULES: Final = ("config", "config.worktree", "hooks", "info")
"""What a step that may commit does not change either."""
_KEPT: Final = "refs/treadle/kept"
_NOTE: Final = "repository.json"
_SHOWN: Final = 10


class Repository:
    """The repository that a folder belongs to, as it was when an agent was asked.

    Args:
        root: the folder that the agent works in.
        kept: where its copy lies; one that is there already is of a process that was killed.
        execution: whose agent it is: names what is kept of moved commits.
        commits: the step may commit: only hooks and configuration are guarded.
    """

    def __init__(self, root: Path, kept: Path, execution: str, *, commits: bool = False) -> None:
        self._root = root
        self._kept = kept
        self._execution = execution
        self._commits = commits

    def look(self) -> None:
        """Copy what is not to be changed. Outside of a repository, or without git, there is nothing to copy."""
        shutil.rmtree(self._kept, ignore_errors=True)
        places = self._places()
        if not places:
            return
        draft = self._kept.with_name(f"{self._kept.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        for number, place in enumerate(places):
            for name in self._names(place):
                target = draft / str(number) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(place / name, target)
        draft.mkdir(parents=True, exist_ok=True)
        note = {"places": [str(place) for place in places], "staged": self._staged(), "refs": self._refs()}
        (draft / _NOTE).write_text(json.dumps(note), "utf-8")
        draft.rename(self._kept)

    def put_back(self) -> Sequence[str]:
        """Put back what was changed since `look`; what a person must know, a sentence each.

        Of a linked worktree only what is its own: in the repository that it shares its user may have worked meanwhile.
        """
        try:
            note: Mapping[str, Any] = json.loads((self._kept / _NOTE).read_text("utf-8"))
        except FileNotFoundError:
            return ()
        own, *shared = map(Path, note["places"])
        sentences = [*self._restored(own, note), *self._told(shared)]
        shutil.rmtree(self._kept, ignore_errors=True)
        return sentences

    def _restored(self, own: Path, note: Mapping[str, Any]) -> Iterator[str]:
        changed = list(self._changed(own, 0))
        if "index" in changed and note["staged"] == self._staged():
            changed.remove("index")  # git has only looked at the files
        if not changed:
            return
        kept = self._keep_commits(note["refs"])
        for name in changed:
            _copy(self._kept / "0" / name, own / name)
        yield f"the agent changed {_listed(changed)} in {own}: put back"
        if kept:
            yield f"what it committed is kept as {_listed(kept)}"

    def _told(self, shared: Sequence[Path]) -> Iterator[str]:
        for place in shared:
            changed = [name for name in self._changed(place, 1) if name != "index"]
            if changed:
                yield f"while the agent worked apart, {_listed(changed)} changed in {place}: left, it may be yours"

    def _changed(self, place: Path, number: int) -> Iterator[str]:
        copy = self._kept / str(number)
        there = set(self._names(place))
        known = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
        for name in sorted(there | known):
            if name not in there or name not in known or (place / name).read_bytes() != (copy / name).read_bytes():
                yield name

    def _names(self, place: Path) -> Iterator[str]:
        """What is guarded there; objects are not: they harm nobody."""
        for path in sorted(place.iterdir()):
            if self._commits and path.name not in _RULES:
                continue
            inside = sorted(path.rglob("*")) if path.is_dir() and path.name in _FOLDERS else [path]
            for file in inside:
                if file.is_file() and not file.is_symlink() and file.suffix != ".lock":
                    yield file.relative_to(place).as_posix()

    def _keep_commits(self, before: Mapping[str, str]) -> list[str]:
        """References to what moved references pointed to: nothing that was committed is lost."""
        kept = []
        for name, commit in self._refs().items():
            if before.get(name) != commit and not name.startswith(_KEPT):
                reference = f"{_KEPT}/{self._execution}/{name.removeprefix('refs/')}"
                _git(self._root, "update-ref", reference, commit)
                kept.append(reference)
        return kept

    def _refs(self) -> dict[str, str]:
        listed = _git(self._root, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        head = _git(self._root, "rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1)).strip()
        found: dict[str, str] = dict(line.split(" ") for line in listed)
        return {**found, "HEAD": head} if head else found

    def _staged(self) -> str:
        return _git(self._root, "ls-files", "--stage", "-z")

    def _places(self) -> list[Path]:
        """The folder of the repository; of a linked worktree its own, then the one that it shares."""
        try:
            said = _git(self._root, "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir")
        except TreadleError:
            return []
        return list(dict.fromkeys(Path(line) for line in said.splitlines()))


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all; what was not there goes."""
    if not source.exists():
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.treadle")
    shutil.copy2(source, draft)
    draft.replace(target)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _git(root: Path, *words: str, accept: Sequence[int] = (0,)) -> str:
    argv = [program(), "-c", "core.fsmonitor=false", *words]
    done = subprocess.run(argv, cwd=root, env=clean_environment(), capture_output=True, check=False)
    if done.returncode not in accept:
        raise TreadleError(done.stderr.decode("utf-8", "replace").strip() or f"git ended with {done.returncode}")
    return done.stdout.decode("utf-8", "surrogateescape")
