"""What treadle-git contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, RollbackAction, Tool, hookimpl

GIT = (Tool("git", "apt install git (or brew install git, or https://git-scm.com/downloads)"),)


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "diff",
        "treadle_git._diff:diff",
        "What a change does: files, lines, hunks",
        outputs=_outputs(
            repo="string",
            base="string",
            head="string",
            base_commit="string",
            head_commit="string",
            from_commit="string",
            files="array",
            totals="object",
        ),
        idempotent=True,
        tools=GIT,
        preview="treadle_git._preview:preview_diff",
    ),
    Action(
        "changed-lines",
        "treadle_git._diff:changed_lines",
        "The lines that are new or different, by file",
        outputs=_outputs(files="object", lines="integer"),
        idempotent=True,
        tools=GIT,
        preview="treadle_git._preview:preview_diff",
    ),
    Action(
        "worktree-add",
        "treadle_git._worktree:worktree_add",
        "Check a commit out in a worktree of its own",
        aliases=("deploy_branch",),
        outputs=_outputs(path="string", commit="string", repo="string", submodules="array", summary="string"),
        idempotent=True,
        tools=GIT,
        preview="treadle_git._preview:preview_worktree_add",
    ),
    Action(
        "worktree-remove",
        "treadle_git._worktree:worktree_remove",
        "Remove a worktree",
        outputs=_outputs(path="string", removed="boolean"),
        idempotent=True,
        risk="medium",
        tools=GIT,
        preview="treadle_git._preview:preview_worktree_remove",
    ),
    Action(
        "export",
        "treadle_git._export:export",
        "Write files of a commit to the scratch folder",
        outputs=_outputs(path="string", commit="string", files="array", missing="array", summary="string"),
        idempotent=True,
        tools=GIT,
        preview="treadle_git._preview:preview_export",
    ),
    Action(
        "log",
        "treadle_git._history:log",
        "Commits, newest first",
        outputs=_outputs(commits="array"),
        idempotent=True,
        tools=GIT,
    ),
    Action(
        "show",
        "treadle_git._history:show",
        "One file as a commit holds it",
        outputs=_outputs(path="string", commit="string", text="string"),
        idempotent=True,
        tools=GIT,
    ),
    Action(
        "status",
        "treadle_git._history:status",
        "How the checkout stands",
        outputs=_outputs(repo="string", branch="string", commit="string", clean="boolean", files="array"),
        idempotent=True,
        tools=GIT,
    ),
    Action(
        "commit",
        "treadle_git._commit:commit",
        "Commit what changed, on the checkout's branch or on one of its own",
        aliases=("commit_changes",),
        outputs=_outputs(
            commit="string", branch="string", previous="string", files="array", repo="string", summary="string"
        ),
        risk="medium",
        tools=GIT,
        preview="treadle_git._preview:preview_commit",
    ),
    Action(
        "restore",
        "treadle_git._restore:restore",
        "Put files back as a commit holds them",
        aliases=("reset_test_data",),
        outputs=_outputs(restored="array", revision="string", summary="string"),
        idempotent=True,
        risk="high",
        tools=GIT,
    ),
    Action(
        "tag",
        "treadle_git._publish:tag",
        "Give a commit a name",
        outputs=_outputs(tag="string", commit="string", made="boolean", repo="string", summary="string"),
        idempotent=True,
        risk="medium",
        tools=GIT,
        preview="treadle_git._preview:preview_tag",
    ),
    Action(
        "push",
        "treadle_git._publish:push",
        "Push branches and tags, all or none, nothing overwritten",
        outputs=_outputs(pushed="array", remote="string", repo="string", summary="string"),
        idempotent=True,
        risk="high",
        tools=GIT,
        preview="treadle_git._preview:preview_push",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `git`."""
    yield Module("git", "0.1.0", ACTIONS, "Differences, worktrees and history of a git repository")


@hookimpl
def treadle_rollback_actions() -> Iterable[RollbackAction]:
    """Undo of `git/worktree-add`, `git/commit`, `git/tag` and `git/push`."""
    yield RollbackAction(
        "git-remove-worktree", "treadle_git._worktree:worktree_remove", "Remove the worktree that a step made"
    )
    yield RollbackAction("git-uncommit", "treadle_git._commit:uncommit", "Take a commit back that a step made")
    yield RollbackAction("git-untag", "treadle_git._publish:untag", "Take a tag back that a step made")
    yield RollbackAction("git-unpush", "treadle_git._publish:unpush", "Take back what a step pushed")
