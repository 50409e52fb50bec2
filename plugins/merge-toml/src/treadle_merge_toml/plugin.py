"""What treadle-merge-toml contributes."""

from collections.abc import Iterable

from treadle_hookspecs import ConflictResolver, hookimpl


@hookimpl
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:
    """The resolvers for pyproject.toml and for other TOML files."""
    target = "treadle_merge_toml._merge:merge"
    strategies = ("merge", "combine", "three-way")
    yield ConflictResolver(
        "pyproject", ("pyproject.toml",), target, "pyproject.toml, its tables and requirements", strategies
    )
    yield ConflictResolver("toml", ("*.toml",), target, "any other TOML file", strategies, "combine")
