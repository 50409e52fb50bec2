"""`git/restore`: files as a commit holds them, put back through treadle's journal."""

from typing import Final, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_git._repository import Repository

TEST_DATA: Final = ("tests/data", "tests/fixtures", "test/data", "test/fixtures", "testdata", "testing/data")
"""Where projects keep the data of their tests."""


async def restore(
    paths: list[str] | None = None, revision: str = "HEAD", repo: str = ".", *, context: ActionContext
) -> JsonObject:
    """Put files back as a commit holds them. Untracked files stay; a rollback brings back what was put aside.

    Args:
        paths: files and folders relative to the repository's top; the usual folders of test data by default.
        revision: the commit.
        repo: the repository, whose top is the root of the execution.
        context: of the visit.

    Returns:
        `restored` (paths that differed), `revision`, `summary`.

    Raises:
        ActionError: `unknown-revision`, `not-a-repository`.
    """
    repository = await Repository.open(context, repo)
    commit = await repository.commit(revision)
    chosen = [f":(top,literal){path}" for path in (TEST_DATA if paths is None else paths)]
    differ = await repository.read("diff", "--name-only", "--no-renames", "-z", commit, "--", *chosen) if chosen else ""
    names = sorted({name for name in differ.split("\0") if name})
    made = await context.call("git/export", revision=commit, files=cast("list[Json]", names), repo=repo)
    folder = context.workspace.root / str(made["path"])
    workspace = context.workspace
    with workspace.transaction() as changes:
        for name in names:
            source = folder / name
            if source.is_file():
                changes.write(name, source.read_bytes(), source.stat().st_mode & 0o777)
            elif workspace.path(name).is_file():
                changes.delete(name)
    return {
        "restored": cast("list[Json]", names),
        "revision": commit,
        "summary": f"{len(names)} files as in {commit[:12]}",
    }
