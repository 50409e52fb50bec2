"""`cache:` of a step: an attempt whose key was seen before is not run; what it left then is put there again.

The key is made of the action and its version, the inputs and the environment as they were evaluated (a secret by its
name), the content of the files that the step names, and the variables that it names. Only successes are kept.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
from treadle_engine.plan import Cache
from treadle_engine.protocol import AttemptEnded, StartAttempt
from treadle_hookspecs import JsonObject, TreadleError

from treadle.runtime.clock import now
from treadle.runtime.file_patterns import matching
from treadle.runtime.step_cache import FAILURES

if TYPE_CHECKING:
    from treadle.plugins import ResolvedAction
    from treadle.runtime.context import StepContext
    from treadle.runtime.step_cache import StepCache
    from treadle.secrets import Masker

Run: TypeAlias = "Callable[[], Coroutine[Any, Any, AttemptEnded]]"

_NOT_KEPT: Final = frozenset({"failure", "timeout", "rejected", "cancelled"})
_SHOWN: Final = 20
"""Reasons of a miss that are told one by one."""
_LARGEST: Final = 4
"""The files of one entry may take that part of the cache."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """What one attempt needs to be reused, or to be kept.

    Args:
        cache: where results are kept.
        limit: the cache's size in bytes.
        spec: the step's `cache`.
        command: the attempt, with inputs as they were evaluated.
        step: which step of which workflow in which project it is, as the next run will ask for it.
        apart: a folder whose files do not count.
    """

    cache: "StepCache"
    limit: int
    spec: Cache
    command: StartAttempt
    step: str
    apart: Path

    async def attempt(self, action: "ResolvedAction", context: "StepContext", run: Run) -> AttemptEnded:
        """The end of the attempt: that of an earlier one with the same key, else of this one, which is then kept."""
        try:
            parts = await asyncio.to_thread(self._parts, action, context)
        except FAILURES as error:
            return _with_facts(await run(), {"hit": False, "why": [f"the cache cannot be used: {error}"]})
        key = self.cache.digest(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))
        found, why = await asyncio.to_thread(self._found, key, context)
        if found is not None:
            self._remember(parts, context)
            return found
        facts = self._miss(key, parts, why)
        ended = await run()
        facts |= await asyncio.to_thread(self._keep, key, parts, ended, context)
        return _with_facts(ended, facts)

    def _parts(self, action: "ResolvedAction", context: "StepContext") -> dict[str, str]:
        """What the key is made of, by the name under which a miss tells of it."""
        command, digest = self.command, self.cache.digest
        version = f"{action.record.distribution} {action.record.version}"
        parts = {"action": f"{action.name} of {version}"}
        parts |= {f"input {name}": digest(orjson.dumps(value)) for name, value in command.inputs.items()}
        parts |= {f"env {name}": digest(orjson.dumps(value)) for name, value in command.env.items()}
        parts |= {f"variable {name}": digest(_variable(name)) for name in self.spec.env}
        root = context.workspace.root
        for name in matching(root, self.spec.files, self.apart):
            parts[f"file {name}"] = _state(root / name, digest)
        return parts

    def _found(self, key: str, context: "StepContext") -> tuple[AttemptEnded | None, str]:
        """What is kept, with its files put in place; or why there is nothing."""
        entry: Any = self.cache.find(key)
        if entry is None:
            return None, ""
        try:
            contents = [(file, self._content(file)) for file in entry["files"]]
            if any(content is None for _, content in contents):
                return None, "a file of what was kept is gone"
            _put(contents, context)
        except TreadleError as error:
            return None, f"its files could not be put in place: {error.message}"
        facts = {"hit": True, "key": key[:16], "from": entry["from"]}
        ended = AttemptEnded(self.command.address, now(), entry["outcome"], entry["outputs"])
        context.log.info(f"reused what {entry['from']} left")
        return _with_facts(ended, facts), ""

    def _content(self, file: Mapping[str, Any]) -> bytes | None:
        return b"" if "link" in file else self.cache.content(file["digest"])

    def _miss(self, key: str, parts: dict[str, str], why: str) -> dict[str, Any]:
        """The key, and what of it has changed since the last run."""
        last: Any = self.cache.latest(self.step)
        reasons = [why] if why else []
        if last is None:
            reasons = reasons or ["there is no earlier run of this step"]
        else:
            reasons += changes(last["parts"], parts)
            reasons = reasons or ["what was kept has expired, was dropped, or was not kept"]
        against = {} if last is None else {"against": last["from"]}
        return {"hit": False, "key": key[:16], "why": reasons, **against}

    def _keep(self, key: str, parts: dict[str, str], ended: AttemptEnded, context: "StepContext") -> dict[str, Any]:
        if ended.outcome in _NOT_KEPT:
            return {"kept": False, "because": f"its outcome is {ended.outcome}"}
        self._remember(parts, context)
        root = context.workspace.root
        names = list(matching(root, self.spec.produces, self.apart))
        because = self._unfit(ended, [root / name for name in names], context.step_log.masker)
        if because:
            return {"kept": False, "because": because}
        files, contents = self._files(root, names)
        entry: JsonObject = {
            "outcome": ended.outcome,
            "outputs": ended.outputs,
            "files": files,
            "from": _origin(context),
        }
        if not self.cache.keep(key, entry, contents, self.spec.ttl):
            return {"kept": False, "because": "the cache cannot be written"}
        return {"kept": True}

    def _unfit(self, ended: AttemptEnded, files: Sequence[Path], masker: "Masker") -> str:
        """Why a result must not be kept, or ""."""
        if masker.finds_bytes(orjson.dumps(ended.outputs)):
            return "its outputs hold a secret or a sensitive value"
        if sum(path.lstat().st_size for path in files) > self.limit // _LARGEST:
            return f"its files are larger than a quarter of the cache (setting `cache_limit`: {self.limit} bytes)"
        for path in files:
            if masker and not path.is_symlink() and masker.finds_bytes(path.read_bytes()):
                return f"{path.name} holds a secret or a sensitive value"
        return ""

    def _files(self, root: Path, names: Sequence[str]) -> tuple[list[JsonObject], list[tuple[str, Path]]]:
        files: list[JsonObject] = []
        contents: list[tuple[str, Path]] = []
        for name in names:
            path = root / name
            if path.is_symlink():
                files.append({"name": name, "link": os.readlink(path)})  # noqa: PTH115 - the text, not a path
            elif path.is_file():
                digest = self.cache.digest(path.read_bytes())
                files.append({"name": name, "mode": stat.S_IMODE(path.stat().st_mode), "digest": digest})
                contents.append((digest, path))
        return files, contents

    def _remember(self, parts: dict[str, str], context: "StepContext") -> None:
        self.cache.remember(self.step, {"parts": parts, "from": _origin(context)})


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What of a key is another now, a sentence each: `input x has changed`, `file a.py is new`."""
    found = [f"{name} is new" for name in sorted(after.keys() - before.keys())]
    found += [f"{name} is gone" for name in sorted(before.keys() - after.keys())]
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            told = f" from {before[name]} to {after[name]}" if name == "action" else ""
            found.append(f"{name} has changed{told}")
    return [*found[:_SHOWN], f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else found


def _put(contents: Sequence[tuple[Mapping[str, Any], bytes | None]], context: "StepContext") -> None:
    """All files or none, through the journal."""
    if not contents:
        return
    with context.workspace.transaction() as change:
        for file, content in contents:
            if "link" in file:
                change.symlink(file["name"], file["link"])
            else:
                change.write(file["name"], content or b"", file["mode"])


def _state(path: Path, digest: Callable[[bytes], str]) -> str:
    if path.is_symlink():
        return digest(b"link " + os.fsencode(os.readlink(path)))  # noqa: PTH115 - the text, not a path
    mode = b"x" if os.access(path, os.X_OK) else b"-"
    return digest(mode + path.read_bytes()) if path.is_file() else "special"


def _variable(name: str) -> bytes:
    value = os.environ.get(name)
    return b"unset" if value is None else b"=" + os.fsencode(value)


def _origin(context: "StepContext") -> str:
    return f"{context.execution}/{context.address.rpartition('.')[0]}"


def _with_facts(ended: AttemptEnded, cache: Mapping[str, Any]) -> AttemptEnded:
    return ended._replace(facts={**ended.facts, "cache": dict(cache)})
