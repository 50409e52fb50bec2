"""What the analysis would do, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_analyze_change(
    *, context: PreviewContext, base: str = "", head: str = "HEAD", repo: str = ".", **_: Any
) -> Preview:
    """The git commands of `analysis/analyze-change`."""
    folder = str(context.root / repo)
    return Preview(
        commands=(
            ("git", "-C", folder, "diff-tree", "-r", "-M", f"{base}...{head}"),
            ("git", "-C", folder, "log", f"{base}..{head}"),
            ("git", "-C", folder, "checkout-index", "--stdin"),
        ),
        writes=("SCRATCH/export-COMMIT (removed again)",),
    )
