"""`git/commit`: what changed as a commit, on the checkout's branch or on one that only the commit is on.

A commit for another branch is made through an index of its own: the checkout, its HEAD, index, stash and reflog stay
as they are. Hooks of the repository do not run, and nothing is signed: nobody is there to be asked.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, JsonObject

from treadle_git._repository import Repository

_BRANCH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_UNSIGNED: Final = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "commit.gpgSign", "GIT_CONFIG_VALUE_0": "false"}
_ZERO: Final = "0" * 40


async def commit(
    message: str = "",
    changes: list[Any] | None = None,
    branch: str = "",
    repo: str = ".",
    *,
    context: ActionContext,
) -> JsonObject:
    """Commit what differs from HEAD.

    Args:
        message: the commit's message; its first line is the subject. By default it names the execution.
        changes: paths relative to the repository's top, or objects with a `path`; everything that changed by default,
            untracked files included, ignored ones not.
        branch: a branch for the commit, made at HEAD if it is not there; the checkout stays where it is. "" commits on
            the checkout's own branch.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `commit` ("" when nothing differs), `branch`, `previous` (where the branch was, "" for a new one), `files`,
        `repo`, `summary`. `compensate: {action: git-uncommit, with: "{{ outputs }}"}` takes it back.

    Raises:
        ActionError: `nothing-to-commit` is none: the outputs say so. `branch-moved` when the branch has commits that
            HEAD does not have; `git` with git's own words, e.g. without a name to commit under.
    """
    repository = await Repository.open(context, repo)
    message = message.strip() or f"Changes of execution {context.execution}"
    head = await repository.commit("HEAD")
    paths = await _differing(repository, _paths(changes))
    if not paths:
        return _outputs(repository, "", branch, "", [], "nothing differs from HEAD")
    if branch:
        made, previous = await _beside(repository, head, branch, paths, message)
    else:
        branch = (await repository.attempt("symbolic-ref", "--short", "-q", "HEAD")).stdout.strip()
        made, previous = await _here(repository, paths, message), head
    context.log.info(f"{made[:12]} on {branch or 'a detached HEAD'}: {message.splitlines()[0]}")
    return _outputs(repository, made, branch, previous, paths, f"{len(paths)} files in {made[:12]}")


async def uncommit(
    commit: str, branch: str = "", previous: str = "", repo: str = ".", *, context: ActionContext, **_: Any
) -> JsonObject:
    """Take a commit of `git/commit` back: the branch goes to where it was, if the commit is still its last.

    What the commit holds stays in the checkout when it was made there.

    Returns:
        `undone`: False when there was nothing to take back.

    Raises:
        ActionError: `branch-moved`: there are commits on top of it.
    """
    repository = await Repository.open(context, repo)
    if not commit:
        return {"undone": False}
    current = (await repository.attempt("symbolic-ref", "--short", "-q", "HEAD")).stdout.strip()
    reference = f"refs/heads/{branch}" if branch else "HEAD"
    now = (await repository.attempt("rev-parse", "--verify", "-q", reference)).stdout.strip()
    if now in ("", previous):
        return {"undone": False}
    if now != commit:
        raise ActionError(
            f"`{branch or 'HEAD'}` is at {now[:12]}: there are commits on top of {commit[:12]}",
            error_class="branch-moved",
            retryable=False,
        )
    if previous and branch == current:
        await repository.read("reset", "--mixed", "--quiet", previous)
    elif previous:
        await repository.read("update-ref", reference, previous, commit)
    else:
        await repository.read("update-ref", "-d", reference, commit)
    return {"undone": True}


def _paths(changes: Sequence[Any] | None) -> list[str] | None:
    if changes is None:
        return None
    return [str(change["path"] if isinstance(change, dict) else change) for change in changes]


async def _differing(repository: Repository, wanted: Sequence[str] | None) -> list[str]:
    """The paths that differ from HEAD, of those that are wanted."""
    chosen = ["--", *(f":(top,literal){path}" for path in wanted)] if wanted is not None else []
    if wanted is not None and not wanted:
        return []
    tracked = await repository.read("diff", "--name-only", "--no-renames", "-z", "HEAD", *chosen)
    others = await repository.read(
        "ls-files", "--others", "--exclude-standard", "-z", "--full-name", *(chosen or ["--", ":/"])
    )
    return sorted({path for path in (tracked + others).split("\0") if path})


async def _here(repository: Repository, paths: Sequence[str], message: str) -> str:
    chosen = "\0".join(f":(top,literal){path}" for path in paths).encode()
    given = ("--pathspec-from-file=-", "--pathspec-file-nul")
    await repository.read("add", "--all", *given, stdin=chosen)
    words = ("commit", "--quiet", "--no-verify", "--only", "-m", message, *given)
    await repository.read(*words, env=_UNSIGNED, stdin=chosen)
    return await repository.commit("HEAD")


async def _beside(
    repository: Repository, head: str, branch: str, paths: Sequence[str], message: str
) -> tuple[str, str]:
    """The commit and where the branch was; built through a private index."""
    if not _BRANCH.fullmatch(branch) or not (await repository.attempt("check-ref-format", "--branch", branch)).ok:
        raise ActionError(f"`{branch}` is no name for a branch", error_class="invalid-input", retryable=False)
    reference = f"refs/heads/{branch}"
    previous = (await repository.attempt("rev-parse", "--verify", "-q", reference)).stdout.strip()
    if previous and not (await repository.attempt("merge-base", "--is-ancestor", previous, head)).ok:
        raise ActionError(
            f"the branch `{branch}` has commits that HEAD does not have; name another branch",
            error_class="branch-moved",
            retryable=False,
        )
    env = {"GIT_INDEX_FILE": str(repository.context.scratch / "index")}
    chosen = "\0".join(f":(top,literal){path}" for path in paths).encode()
    await repository.read("read-tree", head, env=env)
    await repository.read("add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul", env=env, stdin=chosen)
    tree = (await repository.read("write-tree", env=env)).strip()
    made = (await repository.read("commit-tree", tree, "-p", head, "-m", message, env=_UNSIGNED)).strip()
    await repository.read("update-ref", reference, made, previous or _ZERO)
    return made, previous


def _outputs(
    repository: Repository, made: str, branch: str, previous: str, paths: Sequence[str], summary: str
) -> JsonObject:
    return {
        "commit": made,
        "branch": branch,
        "previous": previous,
        "files": list(paths),
        "repo": str(repository.root),
        "summary": summary,
    }
