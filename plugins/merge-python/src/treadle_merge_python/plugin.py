"""What treadle-merge-python contributes."""

from collections.abc import Iterable

from treadle_hookspecs import ConflictResolver, hookimpl


@hookimpl
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:
    """The resolver `python`."""
    yield ConflictResolver(
        "python",
        ("__init__.py", "*.py", "*.pyi"),
        "treadle_merge_python._merge:merge",
        "Empty modules give way; imports and __all__ of packages unite",
        ("merge", "combine"),
    )
