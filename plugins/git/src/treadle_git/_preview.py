"""What the git actions would do, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_diff(*, context: PreviewContext, base: str = "", head: str = "HEAD", repo: str = ".", **_: Any) -> Preview:
    """The commands of `git/diff` and `git/changed-lines`."""
    folder = str(context.root / repo)
    return Preview(commands=(("git", "-C", folder, "diff-tree", "-r", "-M", f"{base}...{head}"),))


def preview_worktree_add(*, context: PreviewContext, revision: str = "", repo: str = ".", **_: Any) -> Preview:
    """The command and the folder of `git/worktree-add`."""
    folder = str(context.root / repo)
    return Preview(
        commands=(("git", "-C", folder, "worktree", "add", "--detach", "SCRATCH/worktree", revision),),
        writes=("SCRATCH/worktree", f"{folder}/.git/worktrees/worktree"),
        notes=("SCRATCH is the visit's own folder under treadle's state; the checkout stays as it is",),
    )


def preview_worktree_remove(*, context: PreviewContext, path: str = "", repo: str = ".", **_: Any) -> Preview:
    """The command of `git/worktree-remove`."""
    return Preview(commands=(("git", "-C", str(context.root / repo), "worktree", "remove", "--force", path),))


def preview_export(*, context: PreviewContext, revision: str = "", repo: str = ".", **_: Any) -> Preview:
    """The commands and the folder of `git/export`."""
    folder = str(context.root / repo)
    return Preview(
        commands=(("git", "-C", folder, "read-tree", revision), ("git", "-C", folder, "checkout-index", "--stdin")),
        writes=("SCRATCH/export-COMMIT",),
    )


def preview_commit(*, context: PreviewContext, branch: str = "", repo: str = ".", **_: Any) -> Preview:
    """The command of `git/commit`."""
    folder = str(context.root / repo)
    if branch:
        note = f"the branch {branch} gets the commit; the checkout stays where it is"
        return Preview(commands=(("git", "-C", folder, "commit-tree"),), notes=(note,))
    return Preview(commands=(("git", "-C", folder, "commit", "--only"),))


def preview_tag(
    *, context: PreviewContext, name: str = "", revision: str = "HEAD", repo: str = ".", **_: Any
) -> Preview:
    """The command of `git/tag`."""
    return Preview(commands=(("git", "-C", str(context.root / repo), "tag", "--", name, revision),))


def preview_push(
    *, context: PreviewContext, refs: Any = (), remote: str = "origin", repo: str = ".", **_: Any
) -> Preview:
    """The command of `git/push`."""
    named = tuple(map(str, refs)) if isinstance(refs, list | tuple) else (str(refs),)
    return Preview(commands=(("git", "-C", str(context.root / repo), "push", "--atomic", "--", remote, *named),))
