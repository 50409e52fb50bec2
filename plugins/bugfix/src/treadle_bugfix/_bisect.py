"""`bugfix/bisect`: the first bad commit, found in a worktree of its own."""

import re
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, JsonObject

_FIRST_BAD: Final = re.compile(r"^([0-9a-f]{40,64}) is the first bad commit$", re.MULTILINE)
_CANNOT: Final = 125
"""`git bisect run`: this commit cannot be judged."""


async def bisect(
    good: str, command: list[str], bad: str = "HEAD", repo: str = ".", seconds: float = 0.0, *, context: ActionContext
) -> JsonObject:
    """Find the commit that broke something.

    Args:
        good: a revision that works.
        command: a program and its arguments; exit code 0 means that it works, 125 that it cannot be judged.
        bad: a revision that does not.
        repo: a folder in the repository.
        seconds: for each run; one that takes longer does not work. 0 for any time.
        context: of the visit.

    Returns:
        `commit`, `author`, `date`, `subject`, `files` of the first bad commit, `steps` (commits that were tried),
        `summary`.

    Raises:
        ActionError: `not-bad` or `not-good` when the command says otherwise at the ends; `not-found` when too many
            commits cannot be judged; as `git/worktree-add`.
    """
    if not command:
        raise ActionError("there is no command that tells good from bad", error_class="invalid-input", retryable=False)
    made = await context.call("git/worktree-add", revision=bad, repo=repo)
    folder = context.workspace.root / str(made["path"])
    limited = ["timeout", str(seconds), *command] if seconds else command
    try:
        await _expect(context, folder, limited, works=False, revision=bad)
        await _git(context, folder, "checkout", "--quiet", "--detach", good)
        await _expect(context, folder, limited, works=True, revision=good)
        await _git(context, folder, "bisect", "start", str(made["commit"]), "HEAD")
        ran = await context.run(["git", "bisect", "run", *limited], cwd=folder)
        found = _FIRST_BAD.search(ran.stdout)
        if found is None:
            last = (ran.stdout.strip().splitlines() or ["git bisect found none"])[-1]
            raise ActionError(f"no first bad commit: {last}", error_class="not-found", retryable=False)
        steps = ran.stdout.count("\nBisecting:") + 1
        return await _told(context, found[1], repo, steps)
    finally:
        await context.run(["git", "bisect", "reset"], cwd=folder)
        await context.call("git/worktree-remove", path=str(made["path"]), repo=repo, force=True)


async def _expect(context: ActionContext, folder: Any, command: list[str], *, works: bool, revision: str) -> None:
    ran = await context.run(command, cwd=folder)
    if ran.exit_code == _CANNOT or (ran.exit_code == 0) != works:
        said = "works" if ran.ok else f"exits with {ran.exit_code}"
        kind = "not-good" if works else "not-bad"
        raise ActionError(f"`{' '.join(command)}` {said} at {revision}", error_class=kind, retryable=False)


async def _git(context: ActionContext, folder: Any, *arguments: str) -> None:
    ran = await context.run(["git", *arguments], cwd=folder)
    if not ran.ok:
        last = (ran.stderr.strip().splitlines() or ["git failed"])[-1]
        raise ActionError(f"git {arguments[0]}: {last}", error_class="git", retryable=False)


async def _told(context: ActionContext, commit: str, repo: str, steps: int) -> JsonObject:
    answer = await context.call("git/log", revision=commit, repo=repo, limit=1, files=True)
    (told,) = cast("list[dict[str, Any]]", answer["commits"])
    return {**told, "steps": steps, "summary": f"{commit[:12]} by {told['author']}: {told['subject']}"}
