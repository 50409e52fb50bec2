"""What treadle-merge-markdown contributes."""

from collections.abc import Iterable

from treadle_hookspecs import ConflictResolver, hookimpl


@hookimpl
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:
    """Sections for documents; words of the law and logs of changes are a person's decision."""
    target = "treadle_merge_markdown._merge:merge"
    yield ConflictResolver(
        "markdown",
        ("*.md", "*.markdown"),
        target,
        "A section for each further template",
        ("sections", "combine", "three-way"),
        "sections",
    )
    yield ConflictResolver(
        "markdown-decisions",
        ("LICENSE.md", "LICENCE.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md", "SECURITY.md"),
        target,
        "Left to a person",
        ("sections", "combine", "three-way"),
        "fail",
    )
