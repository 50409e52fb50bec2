"""What a path is: its language, and the area of a repository it belongs to."""

import re
from pathlib import PurePosixPath
from typing import Final

LANGUAGES: Final = {
    ".py": "Python", ".pyi": "Python", ".pyx": "Cython", ".ipynb": "Jupyter",
    ".js": "JavaScript", ".jsx": "JavaScript", ".mjs": "JavaScript", ".ts": "TypeScript", ".tsx": "TypeScript",
    ".go": "Go", ".rs": "Rust", ".java": "Java", ".kt": "Kotlin", ".scala": "Scala", ".rb": "Ruby", ".php": "PHP",
    ".c": "C", ".h": "C", ".cc": "C++", ".cpp": "C++", ".hpp": "C++", ".cs": "C#", ".swift": "Swift", ".lua": "Lua",
    ".sh": "Shell", ".bash": "Shell", ".ps1": "PowerShell", ".sql": "SQL", ".r": "R",
    ".html": "HTML", ".css": "CSS", ".scss": "CSS", ".vue": "Vue",
    ".md": "Markdown", ".rst": "reStructuredText", ".adoc": "AsciiDoc",
    ".toml": "TOML", ".yaml": "YAML", ".yml": "YAML", ".json": "JSON", ".ini": "INI", ".cfg": "INI", ".xml": "XML",
}  # fmt: skip
PROSE: Final = frozenset({"Markdown", "reStructuredText", "AsciiDoc"})
DATA: Final = frozenset({"TOML", "YAML", "JSON", "INI", "XML"})

CI: Final = re.compile(
    r"(^|/)\.(github|gitlab|forgejo|gitea|circleci|buildkite)/|(^|/)(\.gitlab-ci\.yml|\.travis\.yml|azure-pipelines\.yml"
    r"|Jenkinsfile|noxfile\.py|tox\.ini|\.pre-commit-config\.yaml)$"
)
DEPENDENCIES: Final = re.compile(
    r"(^|/)(pyproject\.toml|setup\.(py|cfg)|Pipfile|package\.json|go\.mod|go\.sum|Cargo\.toml|Gemfile|pom\.xml"
    r"|environment\.ya?ml|requirements[^/]*\.(txt|in)|[^/]*\.lock|package-lock\.json|Pipfile\.lock)$"
    r"|(^|/)requirements/[^/]+\.(txt|in)$"
)
TESTS: Final = re.compile(
    r"(^|/)(tests?|testing|spec)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$|\.(test|spec)\.[jt]sx?$"
)
DOCS: Final = re.compile(r"(^|/)(docs?|changelog|newsfragments)/|(^|/)(CHANGE|LICEN[CS]E|AUTHORS|HISTORY|NEWS|COPYING)")
CHANGELOG: Final = re.compile(
    r"(^|/)((CHANGE|HISTORY|NEWS|RELEASE)[^/]*|(changelog|changes|newsfragments)/.+)$", re.IGNORECASE
)
LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.lock")


def language(path: str) -> str:
    """The language by the file's suffix, "" when it is not known."""
    return LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


def area(path: str) -> str:
    """One of `ci`, `deps`, `tests`, `docs`, `source`, `config`, `other`."""
    named = ((CI, "ci"), (DEPENDENCIES, "deps"), (TESTS, "tests"), (DOCS, "docs"))
    for pattern, name in named:
        if pattern.search(path):
            return name
    tongue = language(path)
    if tongue in PROSE:
        return "docs"
    if tongue in DATA:
        return "config"
    return "source" if tongue else "other"


def is_changelog(path: str) -> bool:
    """True for a changelog, or a fragment of one."""
    return bool(CHANGELOG.search(path))
