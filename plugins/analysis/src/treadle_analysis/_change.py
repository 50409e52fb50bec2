"""`analysis/analyze-change`: what a change is, measured from git and from the sources before and after it."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_analysis import _classify
from treadle_analysis._examination import Examination
from treadle_analysis._files import ChangedFile
from treadle_analysis._tree import Tree

COMMITS_SHOWN: Final = 200


async def analyze_change(
    base: str,
    head: str = "HEAD",
    repo: str = ".",
    from_merge_base: bool = True,
    history: int = 1000,
    *,
    context: ActionContext,
) -> JsonObject:
    """Measure a change.

    Args:
        base: the revision that the change is meant for.
        head: the revision that holds the change.
        repo: a folder in the repository, relative to the execution's root or absolute.
        from_merge_base: compare with the commit where `head` left `base`.
        history: how many commits before the change count for churn and ownership.
        context: of the visit; the actions `git/diff`, `git/log` and `git/export` are used through it.

    Returns:
        `repo`, `base`, `head`, `base_commit`, `head_commit`, `from_commit`, `commits`, `files`, `totals`, `areas`,
        `languages`, `definitions`, `api`, `impact`, `past`, `dependencies`, `markers`, `removed_tests`, `unparsed`,
        `risk`, `summary`, `figures`. The shapes stand in the README.

    Raises:
        ActionError: as `git/diff`.
    """
    diff = cast(
        "Mapping[str, Any]",
        await context.call("git/diff", base=base, head=head, repo=repo, from_merge_base=from_merge_base),
    )
    files = [ChangedFile.from_json(file) for file in diff["files"]]
    context.progress(0.2, f"{len(files)} files")
    commits = await _commits(context, repo, diff["head_commit"], since=diff["from_commit"], limit=COMMITS_SHOWN)
    past = await _commits(context, repo, diff["from_commit"], limit=history, files=True)
    context.progress(0.4, "reading sources")
    before = await _tree(context, repo, diff["from_commit"], [file.before for file in files if file.before])
    after = await _tree(context, repo, diff["head_commit"], [file.path for file in files if file.present], "*.py")
    context.progress(0.7, "measuring")
    examination = Examination(files, before, after, commits, past)
    return {**_identity(diff), **await asyncio.to_thread(examination.outputs)}


def _identity(diff: Mapping[str, Any]) -> dict[str, Json]:
    names = ("repo", "base", "head", "base_commit", "head_commit", "from_commit", "totals")
    return {name: diff[name] for name in names}


async def _commits(context: ActionContext, repo: str, revision: str, **options: Json) -> Sequence[Mapping[str, Any]]:
    answer = await context.call("git/log", repo=repo, revision=revision, **options)
    return cast("Sequence[Mapping[str, Any]]", answer["commits"])


async def _tree(context: ActionContext, repo: str, commit: str, paths: list[str], *patterns: str) -> Tree:
    """The text of some files of a commit, and of all that match a pattern."""
    wanted = [*paths, *_classify.LOCKS]
    answer = cast(
        "Mapping[str, Any]",
        await context.call("git/export", repo=repo, revision=commit, files=wanted, patterns=list(patterns)),
    )
    folder = Path(answer["path"])
    try:
        return await asyncio.to_thread(Tree.read, folder, answer["files"])
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
