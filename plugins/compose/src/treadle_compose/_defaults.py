"""The built-in table: what happens to a file where nobody says anything else, and which names stand for one thing."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from treadle_hookspecs import ConflictResolver


@dataclass(frozen=True, slots=True)
class Default:
    """What a file gets. `resolver` is "" for a strategy that needs none; `hint` says why it stays open."""

    strategy: str
    resolver: str = ""
    strategies: tuple[str, ...] = ()
    hint: str = ""


_LEGAL: Final = "legal text is a decision"
_LOCKED: Final = "a lock file belongs to its manifest; generate it again"

_TABLE: Final[tuple[tuple[str, Default], ...]] = (
    (".github/workflows/*", Default("rename", hint="jobs of two workflows never mix")),
    (".gitlab-ci.yml", Default("fail", hint="a project has one")),
    ("Dockerfile", Default("rename", hint="two images are two files")),
    ("Dockerfile.*", Default("rename", hint="two images are two files")),
    ("*.dockerfile", Default("rename", hint="two images are two files")),
    ("justfile", Default("fail", hint="recipes are not concatenated")),
    ("Procfile", Default("fail", hint="processes are not concatenated")),
    ("LICENSE*", Default("fail", hint=_LEGAL)),
    ("COPYING*", Default("fail", hint=_LEGAL)),
    ("CODEOWNERS", Default("fail", hint=_LEGAL)),
    ("CODE_OF_CONDUCT*", Default("fail", hint=_LEGAL)),
    ("package-lock.json", Default("skip", hint=_LOCKED)),
    ("pnpm-lock.yaml", Default("skip", hint=_LOCKED)),
    ("yarn.lock", Default("skip", hint=_LOCKED)),
    ("poetry.lock", Default("skip", hint=_LOCKED)),
    ("uv.lock", Default("skip", hint=_LOCKED)),
    ("Cargo.lock", Default("skip", hint=_LOCKED)),
    ("*", Default("fail")),
)

GENERAL: Final = ("first", "last", "rename", "skip", "fail", "ask")
"""Strategies that every file has; `template:ID`, `subdir` and `hook:NAME` besides."""

ALIASES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("one", ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")),
    ("one", ("README.md", "README.rst", "README.txt", "README", "readme.md")),
    ("one", ("LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING")),
    ("one", ("justfile", "Justfile", ".justfile")),
    ("one", (".editorconfig", ".editorconfig.ini")),
    ("one", ("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json")),
    ("one", (".eslintrc", ".eslintrc.js", ".eslintrc.cjs", ".eslintrc.json", ".eslintrc.yml", ".eslintrc.yaml")),
    ("one", (".prettierrc", ".prettierrc.json", ".prettierrc.yaml", ".prettierrc.yml", ".prettierrc.js")),
    ("one", ("mkdocs.yml", "mkdocs.yaml")),
    ("one", (".pre-commit-config.yaml", ".pre-commit-config.yml")),
    ("one", ("vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs")),
)
"""Names of which a tool reads only one: two templates that bring different ones are at odds."""


def default_for(path: str, resolvers: Sequence[ConflictResolver]) -> Default:
    """What a path gets: the most exact pattern, a plugin's before the built-in one, else in plugin order."""
    found = _ranked(path, resolvers)
    return found[0] if found else Default("fail")


def resolver_for(path: str, resolvers: Sequence[ConflictResolver], strategy: str) -> str:
    """The resolver that can do a strategy for a path; "" without one."""
    return next(
        (it.resolver for it in _ranked(path, resolvers) if it.resolver and strategy in it.strategies),
        "",
    )


def alias_group(path: str) -> str:
    """What a path stands for besides itself, e.g. `sub/compose.yaml`; "" when it is nothing special."""
    folder, slash, name = path.rpartition("/")
    for _, names in ALIASES:
        if name in names:
            return f"{folder}{slash}{names[0]}"
    return ""


def _ranked(path: str, resolvers: Sequence[ConflictResolver]) -> list[Default]:
    offers = [
        (_rank(path, pattern), 0, place, Default(it.default, it.name, it.strategies))
        for place, it in enumerate(resolvers)
        for pattern in it.formats
    ]
    offers += [(_rank(path, pattern), 1, place, default) for place, (pattern, default) in enumerate(_TABLE)]
    fitting = sorted((it for it in offers if it[0] is not None), key=lambda it: (it[0] or 0, it[1], it[2]))
    return [default for _, _, _, default in fitting]


def _rank(path: str, pattern: str) -> int | None:
    """0 for an exact name or path, 1 for a glob of paths, 2 for a glob of names, 3 for any file."""
    name = path.rpartition("/")[2]
    if pattern in (path, name):
        return 0
    if pattern == "*":
        return 3
    if "/" in pattern:
        return 1 if fnmatch.fnmatchcase(path, pattern) else None
    return 2 if fnmatch.fnmatchcase(name, pattern) else None
