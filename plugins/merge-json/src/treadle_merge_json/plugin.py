"""What treadle-merge-json contributes."""

from collections.abc import Iterable

from treadle_hookspecs import ConflictResolver, hookimpl


@hookimpl
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:
    """The resolver `json`."""
    yield ConflictResolver(
        "json",
        ("*.json", "*.jsonc", "*.code-workspace", ".eslintrc", ".prettierrc", ".babelrc"),
        "treadle_merge_json._merge:merge",
        "JSON and JSON with comments: package.json, tsconfig, devcontainer, editor settings, any other",
        ("merge", "combine", "three-way"),
    )
