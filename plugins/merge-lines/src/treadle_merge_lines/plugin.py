"""What treadle-merge-lines contributes."""

from collections.abc import Iterable

from treadle_hookspecs import ConflictResolver, hookimpl

PACKAGE = "treadle_merge_lines"


@hookimpl
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:
    """Resolvers for ignore files, variables, requirements, INI files and Makefiles."""
    yield ConflictResolver(
        "ignore",
        (
            ".gitignore",
            ".dockerignore",
            ".npmignore",
            ".prettierignore",
            ".eslintignore",
            ".gitattributes",
            ".helmignore",
        ),
        f"{PACKAGE}._ignore:merge",
        "The lines of all, in blocks",
        ("union-lines", "merge", "combine", "three-way"),
        "union-lines",
    )
    yield ConflictResolver(
        "env",
        (".env", ".env.*", "*.env"),
        f"{PACKAGE}._env:merge",
        "Variables by name",
        ("merge", "combine", "three-way"),
    )
    yield ConflictResolver(
        "requirements",
        ("requirements.txt", "requirements*.txt", "constraints*.txt", "requirements/*.txt"),
        f"{PACKAGE}._requirements:merge",
        "A package and marker once",
        ("merge", "combine", "three-way"),
    )
    yield ConflictResolver(
        "ini",
        ("*.ini", "*.cfg", ".editorconfig", ".flake8", ".coveragerc", ".pylintrc", ".npmrc"),
        f"{PACKAGE}._ini:merge",
        "Sections and keys unite",
        ("merge", "combine", "three-way"),
        "combine",
    )
    yield ConflictResolver(
        "makefile",
        ("Makefile", "GNUmakefile", "makefile"),
        f"{PACKAGE}._makefile:merge",
        "Targets that do not meet",
        ("merge",),
    )
