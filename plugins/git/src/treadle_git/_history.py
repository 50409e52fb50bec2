"""`git/log`, `git/show` and `git/status`: what happened, what a file said, and how the checkout stands."""

import re
from collections.abc import Iterator
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_git._repository import Repository

RECORD: Final = "\x1e"
UNIT: Final = "\x1f"
FORMAT: Final = f"--format={RECORD}%H{UNIT}%aN{UNIT}%aI{UNIT}%s{UNIT}"
COMMIT_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


async def log(
    revision: str = "HEAD",
    since: str = "",
    paths: list[str] | None = None,
    limit: int = 100,
    files: bool = False,
    repo: str = ".",
    *,
    context: ActionContext,
) -> JsonObject:
    """Commits, newest first.

    Args:
        revision: where to start.
        since: a revision whose history is left out: `since..revision`.
        paths: only commits that touch one of these files or folders, relative to the repository's top.
        limit: at most so many commits.
        files: name the files of each commit as well.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `commits`: each `{commit, author, date, subject}` and, if asked, `files`. Dates are ISO 8601.
    """
    repository = await Repository.open(context, repo)
    reach = [await repository.commit(revision)]
    if since:
        reach.append("^" + await repository.commit(since))
    names = ("--name-only", "-z") if files else ("-z",)
    chosen = [f":(top,literal){path}" for path in paths or ()]
    text = await repository.read("log", FORMAT, *names, "--no-renames", f"-n{limit}", *reach, "--", *chosen)
    return {"commits": list(_commits(text, files))}


def _commits(text: str, with_files: bool) -> Iterator[dict[str, Json]]:
    for record in text.split(RECORD):
        parts = record.split(UNIT, 4)
        if len(parts) != 5 or not COMMIT_ID.fullmatch(parts[0]):
            continue
        commit: dict[str, Json] = dict(zip(("commit", "author", "date", "subject"), parts[:4], strict=True))
        if with_files:
            commit["files"] = [name for name in parts[4].strip("\n\0").split("\0") if name]
        yield commit


async def show(path: str, revision: str = "HEAD", repo: str = ".", *, context: ActionContext) -> JsonObject:
    """One file as a commit holds it.

    Returns:
        `text` (UTF-8, foreign bytes replaced), `commit`, `path`.

    Raises:
        ActionError: `unknown-path` when the commit has no such file, `binary` when it is no text.
    """
    repository = await Repository.open(context, repo)
    commit = await repository.commit(revision)
    found = await repository.attempt("cat-file", "blob", f"{commit}:{path}")
    if not found.ok:
        raise ActionError(
            f"commit {commit[:12]} has no file `{path}`; paths are relative to the repository's top",
            error_class="unknown-path",
            retryable=False,
        )
    if "\0" in found.stdout:
        raise ActionError(f"`{path}` is a binary file; use git/export to get it", error_class="binary", retryable=False)
    return {"path": path, "commit": commit, "text": found.stdout}


async def status(repo: str = ".", *, context: ActionContext) -> JsonObject:
    """How the checkout stands: `branch` (null when detached), `commit` (null before the first), `clean`.

    `files` holds what is not committed, each `{path, staged, unstaged}` with git's letters (`M`, `A`, `D`, `R`,
    `?` for untracked, `U` for a conflict, `.` for unchanged).
    """
    repository = await Repository.open(context, repo)
    text = await repository.read("status", "--porcelain=v2", "--branch", "--untracked-files=all", "-z")
    head: dict[str, Json] = {"branch": None, "commit": None}
    files: list[dict[str, Json]] = []
    fields = iter(text.split("\0"))
    for entry in fields:
        if entry.startswith("# "):
            head.update(_header(entry))
        elif entry:
            files.append(_entry(entry))
            if entry.startswith("2 "):
                next(fields)  # the name before the rename
    return {"repo": str(repository.root), **head, "clean": not files, "files": files}


def _header(entry: str) -> dict[str, Json]:
    name, _, value = entry.removeprefix("# branch.").partition(" ")
    if name == "oid" and value != "(initial)":
        return {"commit": value}
    if name == "head" and value != "(detached)":
        return {"branch": value}
    return {}


def _entry(entry: str) -> dict[str, Json]:
    """One line of porcelain v2: `1` ordinary (8 fields before the path), `2` moved (9), `u` unmerged (10), `?`."""
    kind = entry[0]
    if kind in "?!":
        return {"path": entry[2:], "staged": ".", "unstaged": kind}
    parts = entry.split(" ", {"1": 8, "2": 9, "u": 10}[kind])
    letters = "UU" if kind == "u" else parts[1]
    return {"path": parts[-1], "staged": letters[0], "unstaged": letters[1]}
