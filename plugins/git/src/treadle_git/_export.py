"""`git/export`: files as a commit holds them, written to the visit's scratch folder."""

import shutil
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from treadle_hookspecs import ActionContext, JsonObject

from treadle_git._repository import Repository


async def export(
    revision: str,
    files: list[str] | None = None,
    patterns: list[str] | None = None,
    repo: str = ".",
    *,
    context: ActionContext,
) -> JsonObject:
    """Write files of a commit below the scratch folder, without a worktree and through an index of its own.

    Links and submodules are left out, so what is written cannot point out of the folder.

    Args:
        revision: the commit.
        files: paths relative to the repository's top.
        patterns: shell patterns over whole paths, where `*` crosses folders: `*.py`.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `path` (the folder), `commit`, `files` (what was written), `missing` (asked for in `files` and not there).
    """
    repository = await Repository.open(context, repo)
    commit = await repository.commit(revision)
    wanted = set(files or ())
    there = list(_regular_files(await repository.read("ls-tree", "-r", "-z", "--full-tree", commit)))
    chosen = [path for path in there if path in wanted or _matches(path, patterns or [])]
    folder = _empty_folder(context.scratch / f"export-{commit}")
    await _write(repository, commit, folder, chosen)
    return {
        "path": str(folder),
        "commit": commit,
        "files": chosen,
        "missing": sorted(wanted.difference(there)),
        "summary": f"{len(chosen)} files of {commit[:12]}",
    }


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _regular_files(listed: str) -> Iterator[str]:
    """The paths in the output of `ls-tree -z` whose mode is that of a file: 100644 or 100755."""
    for entry in listed.split("\0"):
        if entry.startswith("100"):
            yield entry.split("\t", 1)[1]


def _empty_folder(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


async def _write(repository: Repository, commit: str, folder: Path, paths: list[str]) -> None:
    index = folder.with_suffix(".index")
    env = {"GIT_INDEX_FILE": str(index), "GIT_DIR": str(repository.git_dir), "GIT_WORK_TREE": str(folder)}
    await repository.read("read-tree", commit, env=env)
    names = "".join(f"{path}\0" for path in paths).encode()
    await repository.read("checkout-index", "--force", "-z", "--stdin", env=env, stdin=names, folder=folder)
    index.unlink()
