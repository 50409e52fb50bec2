"""What a pull request would do, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_create_pr(
    *, context: PreviewContext, branch: str = "", base: str = "", forge: str = "auto", repo: str = ".", **_: Any
) -> Preview:
    """The commands of `review/create-pr`."""
    folder = str(context.root / repo)
    commands: tuple[tuple[str, ...], ...] = (("git", "-C", folder, "commit-tree"),)
    if forge != "none":
        commands += (("git", "-C", folder, "push", "origin", branch or "treadle/TITLE"),)
    return Preview(commands=commands, notes=(f"a pull request into {base or 'the default branch'}, or a patch file",))
