"""`quality/readiness` and `quality/steering`: what a repository has for production, and what it tells agents."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from treadle_hookspecs import ActionContext, Json, Outcome

from treadle_quality._files import project_folder
from treadle_quality._verdicts import OUTCOMES


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Something that is there if one of the patterns fits a file."""

    name: str
    patterns: tuple[str, ...]
    remedy: str
    required: bool = True

    def found(self, folder: Path) -> str:
        """The first file that is it, or ""."""
        files = (path for pattern in self.patterns for path in sorted(folder.glob(pattern)) if path.is_file())
        return next((path.relative_to(folder).as_posix() for path in files), "")


_WANTED: Final = (
    _Wanted("readme", ("README*",), "write a README: what it is, how to install and run it"),
    _Wanted("license", ("LICEN[CS]E*", "COPYING*"), "say under which license it may be used"),
    _Wanted("changelog", ("CHANGE*", "HISTORY*", "NEWS*", "docs/change*"), "keep a changelog"),
    _Wanted("tests", ("tests/**/*test*", "test/**/*test*", "testing/**/*test*", "**/test_*.py"), "write tests"),
    _Wanted(
        "ci",
        (".github/workflows/*", ".gitlab-ci.yml", ".forgejo/workflows/*", ".circleci/*", "Jenkinsfile", ".ci/*"),
        "have the tests run for every change",
    ),
    _Wanted("manifest", ("pyproject.toml", "setup.py", "setup.cfg", "package.json", "go.mod", "Cargo.toml"), "add one"),
    _Wanted(
        "lock", ("*.lock", "requirements*.txt", "package-lock.json", "go.sum"), "pin the dependencies", required=False
    ),
    _Wanted("ignore", (".gitignore",), "ignore what is generated", required=False),
    _Wanted("security", ("SECURITY*", ".github/SECURITY*", "docs/SECURITY*"), "say where to report", required=False),
)  # fmt: skip


def readiness(path: str = ".", strict: bool = False, *, context: ActionContext) -> Outcome:
    """Look for what a project needs before it is deployed.

    Args:
        path: the project's folder.
        strict: what is only advised is required as well.
        context: of the visit.

    Returns:
        The outcome `success` or `needs-work`, and `verdict`, `present` (name to file), `missing` (each `{name, remedy,
        required}`), `reasons`, `next_steps`, `summary`, `figures`, `findings`.
    """
    folder = project_folder(context, path)
    present = {one.name: file for one in _WANTED if (file := one.found(folder))}
    missing = [one for one in _WANTED if one.name not in present]
    reasons: list[Json] = [f"no {one.name}: {one.remedy}" for one in missing if one.required or strict]
    verdict = "fail" if reasons else "pass"
    outputs: dict[str, Json] = {
        "verdict": verdict,
        "present": dict(present),
        "missing": [{"name": one.name, "remedy": one.remedy, "required": one.required} for one in missing],
        "reasons": reasons,
        "next_steps": [one.remedy for one in missing],
        "summary": f"{len(present)} of {len(_WANTED)} things are there"
        + (f"; missing: {', '.join(one.name for one in missing)}" if missing else ""),
        "figures": [{"name": "missing for production", "value": len(reasons), "limit": "0"}],
        "findings": [_finding("readiness", None, None, str(reason)) for reason in reasons],
    }
    return Outcome(OUTCOMES[verdict], outputs)


STEERING: Final = (
    "AGENTS.md", "CLAUDE.md", "GEMINI.md", "CONVENTIONS.md", ".cursorrules", ".goosehints",
    ".github/copilot-instructions.md", ".cursor/rules/*", ".claude/*.md", ".kiro/steering/*.md",
)  # fmt: skip
"""Where coding agents read what a project wants of them."""
_CODE: Final = re.compile(r"`([^`\n]+)`")
_PATH: Final = re.compile(r"[\w.@-]+(/[\w.@-]+)+/?|[\w-]+\.(py|md|toml|ya?ml|json|cfg|ini|txt|rst|sh|js|ts)")
_TARGET: Final = re.compile(r"make ([\w-]+)")


def steering(path: str = ".", files: list[str] | None = None, *, context: ActionContext) -> Outcome:
    """Check the instructions for coding agents: what they name has to be there.

    Args:
        path: the project's folder.
        files: the instructions; those that agents look for by themselves by default.
        context: of the visit.

    Returns:
        The outcome `success`, `needs-work`, or `not-checked` when there are none, and `verdict`, `files`, `reasons`,
        `summary`, `figures`, `findings` (a path or a make target that is named and is not there, with its line).
    """
    folder = project_folder(context, path)
    chosen = [found for pattern in files or STEERING for found in sorted(folder.glob(pattern)) if found.is_file()]
    names = [found.relative_to(folder).as_posix() for found in chosen]
    found = [finding for name in names for finding in _stale(folder, name)]
    verdict = "not-checked" if not names else "fail" if found else "pass"
    outputs: dict[str, Json] = {
        "verdict": verdict,
        "files": cast("list[Json]", names),
        "reasons": [str(one["message"]) for one in found] if names else ["no instructions for agents are there"],
        "summary": f"{len(found)} stale names in {len(names)} files" if names else "no instructions for agents",
        "figures": [{"name": "stale names in instructions", "value": len(found), "limit": "0"}],
        "findings": cast("list[Json]", found),
    }
    return Outcome(OUTCOMES[verdict], outputs)


def _stale(folder: Path, name: str) -> Iterator[dict[str, Json]]:
    targets = _make_targets(folder)
    for number, line in enumerate((folder / name).read_text("utf-8", "replace").splitlines(), 1):
        for code in _CODE.findall(line):
            if _PATH.fullmatch(code) and not _there(folder, name, code):
                yield _finding("stale-path", name, number, f"{name}:{number}: `{code}` is not there")
            for target in _TARGET.findall(code):
                if not targets(target):
                    yield _finding("stale-target", name, number, f"{name}:{number}: there is no `make {target}`")


def _there(folder: Path, name: str, code: str) -> bool:
    """Below the project or beside the instructions, or a file of that name anywhere."""
    places = (folder / code, (folder / name).parent / code)
    return any(place.exists() for place in places) or ("/" not in code and any(folder.glob(f"**/{code}")))


def _make_targets(folder: Path) -> Callable[[str], bool]:
    makefile = folder / "Makefile"
    text = makefile.read_text("utf-8", "replace") if makefile.is_file() else ""
    return lambda name: bool(re.search(rf"^{re.escape(name)}\s*:", text, re.MULTILINE))


def _finding(rule: str, file: str | None, line: int | None, message: str) -> dict[str, Json]:
    return {"rule": rule, "severity": "medium", "file": file, "line": line, "message": message, "new": None}
