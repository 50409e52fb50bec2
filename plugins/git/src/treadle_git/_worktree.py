"""`git/worktree-add` and `git/worktree-remove`: a commit's files in a folder of their own, and its removal.

A linked worktree shares the repository's objects and nothing else: the user's checkout, its HEAD, index and reflog
stay as they are. Each one made here carries a note in its administrative folder, so that removal can tell it from
one that a person made.
"""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, JsonObject

from treadle_git._repository import Repository

NOTE: Final = "treadle"
"""The file in `.git/worktrees/NAME/` that holds the idempotency key of the visit that made it."""


async def worktree_add(revision: str, repo: str = ".", *, context: ActionContext) -> JsonObject:
    """Check a commit out in a new worktree, detached, below the visit's scratch folder.

    Run again under the same idempotency key (after a crash, say) it starts over in the same place.

    Returns:
        `path` (absolute), `commit`, `repo`, `submodules` (paths that were left empty: submodules are not fetched).

    Raises:
        ActionError: `not-a-repository`, `unknown-revision`, or `git` with its own message.
    """
    repository = await Repository.open(context, repo)
    commit = await repository.commit(revision)
    path = context.scratch / "worktree"
    await _discard(repository, path)
    await repository.read("worktree", "add", "--detach", "--no-checkout", "--", str(path), commit)
    admin = await _admin_folder(repository, path)
    (admin / NOTE).write_text(context.idempotency_key + "\n", encoding="utf-8")
    await repository.read("reset", "--hard", "--quiet", folder=path)
    context.log.info(f"{commit[:12]} is checked out in {path}")
    return {
        "path": str(path),
        "commit": commit,
        "repo": str(repository.root),
        "submodules": list(await _submodules(repository, commit)),
        "summary": f"{commit[:12]} in a worktree of its own",
    }


async def worktree_remove(path: str, repo: str = ".", force: bool = False, *, context: ActionContext) -> JsonObject:
    """Remove a worktree. One that `git/worktree-add` made goes with all that ran in it left behind.

    Args:
        path: the worktree's folder, absolute or relative to the execution's root.
        repo: the repository it belongs to.
        force: remove one with uncommitted work as well, though a person made it.
        context: of the visit.

    Returns:
        `removed`: False when it was gone already.

    Raises:
        ActionError: `not-a-worktree` for a folder that is no linked worktree of the repository; `git` when a
            person's worktree holds uncommitted work.
    """
    repository = await Repository.open(context, repo)
    folder = _real(context.workspace.root / path)
    if folder not in await _linked(repository):
        if _exists(folder):
            raise ActionError(
                f"{folder} is no linked worktree of {repository.root}; nothing was removed",
                error_class="not-a-worktree",
                retryable=False,
            )
        return {"path": folder, "removed": False}
    forced = ("--force",) if force or await _is_ours(repository, Path(folder)) else ()
    await repository.read("worktree", "remove", *forced, "--", folder)
    return {"path": folder, "removed": True}


async def _discard(repository: Repository, path: Path) -> None:
    """Clear what an earlier attempt of the same visit left; the scratch folder is nobody else's."""
    if _real(path) in await _linked(repository):
        await repository.read("worktree", "remove", "--force", "--force", "--", str(path))
    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


async def _linked(repository: Repository) -> set[str]:
    """The folders of the repository's linked worktrees; the first one listed is the main one."""
    listed = await repository.read("worktree", "list", "--porcelain", "-z")
    folders = [line.removeprefix("worktree ") for line in listed.split("\0") if line.startswith("worktree ")]
    return {_real(folder) for folder in folders[1:]}


async def _is_ours(repository: Repository, worktree: Path) -> bool:
    """True for a worktree that `worktree_add` made, and for one whose folder is gone: nothing in it can be lost."""
    if not _exists(worktree):
        return True
    return _exists(await _admin_folder(repository, worktree) / NOTE)


async def _admin_folder(repository: Repository, worktree: Path) -> Path:
    found = await repository.read("rev-parse", "--absolute-git-dir", folder=worktree)
    return Path(found.removesuffix("\n"))


async def _submodules(repository: Repository, commit: str) -> list[str]:
    listed = await repository.read("ls-tree", "-r", "-z", "--full-tree", commit)
    return [entry.split("\t", 1)[1] for entry in listed.split("\0") if entry.startswith("160000 ")]


def _real(path: Path | str) -> str:
    return os.path.realpath(path)


def _exists(path: Path | str) -> bool:
    return os.path.lexists(path)
