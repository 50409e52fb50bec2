"""What hooks did to a project, written down before they begin: it can be taken back whenever the process dies."""

import asyncio
import json
import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from treadle_hookspecs import ActionContext, SandboxPolicy, TreadleError


@dataclass(frozen=True, slots=True)
class Ran:
    """A hook that ran or was passed over, for the record."""

    hook: str
    digest: str
    level: str
    outcome: str
    detail: str = ""
    undo: str = ""
    created: tuple[str, ...] = ()


def read_record(path: Path) -> list[Ran]:
    """The hooks in a record; none where there is no record."""
    try:
        return [Ran(**{**it, "created": tuple(it["created"])}) for it in json.loads(path.read_text("utf-8"))]
    except FileNotFoundError:
        return []


def write_record(path: Path, ran: Sequence[Ran]) -> None:
    """Replace a record, durably."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump([asdict(it) for it in ran], stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


async def undo_all(record: Path, root: Path, context: ActionContext) -> list[str]:
    """Take back what hooks did to a project, last first; what a person must know. Done already: harmless."""
    left, notes = read_record(record), []
    while left:
        notes += await undo(left[-1], root, context)
        left.pop()
        write_record(record, left)
    return notes


async def undo(ran: Ran, root: Path, context: ActionContext) -> list[str]:
    """Take back one hook: run its own command, then remove what it made. What a person must know."""
    notes = []
    if ran.undo and ran.outcome in ("begun", "done", "failed") and root.is_dir():  # noqa: ASYNC240 - one look
        argv = shlex.split(ran.undo)
        policy = SandboxPolicy((root,), (root, context.scratch), env={"HOME": str(context.scratch)})
        full = ran.level == "full"
        wrapped = context.host.sandbox.wrap(argv, policy, root)
        done = await context.run(argv if full else wrapped.argv, cwd=root, env={} if full else wrapped.env, timeout=600)
        if not done.ok:
            said = done.stderr.strip()[-500:]
            raise TreadleError(f"the undo of hook {ran.hook} exited with {done.exit_code}: {said}")
        notes.append(f"ran the undo of hook {ran.hook}")
    notes += await asyncio.to_thread(_removed, ran, root)
    return notes


def _removed(ran: Ran, root: Path) -> list[str]:
    notes = []
    for name in ran.created:
        path = root / name
        # Links on the way were refused with the name; the thing itself may be one.
        if not path.parent.resolve().is_relative_to(root.resolve()) or not os.path.lexists(path):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
        notes.append(f"removed {name}, which the hook {ran.hook} had made")
    return notes
