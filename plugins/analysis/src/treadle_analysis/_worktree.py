"""The files of a checkout as they are now, those that git ignores left out."""

import asyncio
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError

from treadle_analysis import _classify
from treadle_analysis._tree import Tree

_LARGEST: Final = 1_000_000
"""Bytes above which a file is data rather than something that people wrote."""

_MOST: Final = 20_000


async def read_tree(context: ActionContext, repo: str, below: str = "") -> Tree:
    """The texts of a checkout: sources, tests, prose, configuration.

    Raises:
        ActionError: `no-repository` when the folder is in none, `unknown-path` when there is no `below`.
    """
    root = (context.workspace.root / repo).resolve()
    listed = await context.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", below or "."],
        limit=50_000_000,
    )
    if not listed.ok:
        why = (listed.stderr.strip().splitlines() or ["git ls-files failed"])[-1]
        raise ActionError(f"{root}: {why}", error_class="no-repository", retryable=False)
    paths = sorted({name for name in listed.stdout.split("\0") if name and _is_text(root, name)})
    if below and not paths:
        raise ActionError(f"there are no files below `{below}` in {root}", error_class="unknown-path", retryable=False)
    return await asyncio.to_thread(Tree.read, root, paths[:_MOST])


def _is_text(root: Path, name: str) -> bool:
    path = root / name
    known = bool(_classify.language(name)) or path.suffix in {".txt", ""}
    try:
        return known and path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST
    except OSError:
        return False
