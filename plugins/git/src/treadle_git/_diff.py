"""`git/diff` and `git/changed-lines`: what a change does, file by file and line by line."""

from dataclasses import dataclass
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_git._patch import FileChange, add_hunks, parse_summary
from treadle_git._repository import Repository

OPTIONS: Final = ("-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--diff-algorithm=histogram")
"""For the plumbing command `diff-tree`, which takes no notice of a user's `diff.*` settings."""


async def diff(
    base: str, head: str = "HEAD", repo: str = ".", from_merge_base: bool = True, *, context: ActionContext
) -> JsonObject:
    """Compare two commits.

    Args:
        base: the revision that the change is meant for, e.g. `main`.
        head: the revision that holds the change.
        repo: a folder in the repository, relative to the execution's root or absolute.
        from_merge_base: compare with the commit where `head` left `base`, as a pull request is shown.
        context: of the visit.

    Returns:
        `repo`, `base`, `head`, `base_commit`, `head_commit`, `from_commit` (what was compared with `head_commit`),
        `files` and `totals {files, added, deleted, binary}`. A file is `{path, old_path, status, kind, binary,
        added, deleted, hunks, changed_lines}`; see `treadle_git._patch`.

    Raises:
        ActionError: `not-a-repository`, `unknown-revision`, `unrelated-histories`, `too-large`.
    """
    comparison = await _compare(context, repo, base, head, from_merge_base)
    return {
        "repo": str(comparison.repository.root),
        "base": base,
        "head": head,
        "base_commit": comparison.base_commit,
        "head_commit": comparison.head_commit,
        "from_commit": comparison.from_commit,
        "files": [change.to_json() for change in comparison.changes],
        "totals": _totals(comparison.changes),
    }


async def changed_lines(
    base: str, head: str = "HEAD", repo: str = ".", from_merge_base: bool = True, *, context: ActionContext
) -> JsonObject:
    """The lines that are new or different at `head`: `{files: {path: [[first, last], …]}, lines}`."""
    comparison = await _compare(context, repo, base, head, from_merge_base)
    files = {change.path: change.changed_lines for change in comparison.changes if change.changed_lines}
    return {"files": files, "lines": sum(last - first + 1 for ranges in files.values() for first, last in ranges)}


@dataclass(frozen=True, slots=True)
class _Comparison:
    repository: Repository
    base_commit: str
    head_commit: str
    from_commit: str
    changes: list[FileChange]


async def _compare(context: ActionContext, repo: str, base: str, head: str, from_merge_base: bool) -> _Comparison:
    repository = await Repository.open(context, repo)
    base_commit, head_commit = await repository.commit(base), await repository.commit(head)
    from_commit = await _fork_point(repository, base_commit, head_commit) if from_merge_base else base_commit
    changes = await _changes(repository, from_commit, head_commit)
    return _Comparison(repository, base_commit, head_commit, from_commit, changes)


async def _fork_point(repository: Repository, base: str, head: str) -> str:
    found = await repository.attempt("merge-base", base, head)
    if found.ok:
        return found.stdout.split("\n", 1)[0]
    raise ActionError(
        f"{base[:12]} and {head[:12]} have no common ancestor; compare their trees with `from_merge_base: false`",
        error_class="unrelated-histories",
        retryable=False,
    )


async def _changes(repository: Repository, old: str, new: str) -> list[FileChange]:
    summary = await repository.read("diff-tree", *OPTIONS, "--raw", "--numstat", "-z", old, new, "--")
    patch = await repository.read("diff-tree", *OPTIONS, "--patch", "-U0", old, new, "--")
    return add_hunks(parse_summary(summary), patch)


def _totals(changes: list[FileChange]) -> dict[str, Json]:
    return {
        "files": len(changes),
        "added": sum(change.added or 0 for change in changes),
        "deleted": sum(change.deleted or 0 for change in changes),
        "binary": sum(change.binary for change in changes),
    }
