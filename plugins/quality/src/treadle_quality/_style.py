"""`quality/style`: what ruff finds in the changed files, with the project's own rules."""

import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, ToolMissingError

from treadle_quality._files import Target, project_folder, targets

SUFFIXES: Final = (".py", ".pyi")
RUFF_SECTION: Final = re.compile(r"^\[tool\.ruff[\].]", re.MULTILINE)
INSTALL: Final = f"{sys.executable} -m pip install ruff"


@dataclass(frozen=True, slots=True)
class StyleFinding:
    """One finding of ruff. `changed` says that it lies on a changed line."""

    rule: str
    message: str
    path: str
    line: int
    changed: bool

    @property
    def broken(self) -> bool:
        """True for a syntax error: it counts wherever it is reported."""
        return self.rule == "invalid-syntax"

    def to_json(self) -> dict[str, Json]:
        """In the form that all checks publish."""
        return {
            "rule": self.rule,
            "severity": "high" if self.broken else "medium" if self.changed else "low",
            "file": self.path,
            "line": self.line,
            "message": self.message,
            "new": self.changed,
        }


async def style(
    path: str = ".",
    changes: list[dict[str, Any]] | None = None,
    max_findings: int = 0,
    *,
    context: ActionContext,
) -> JsonObject:
    """Check the style of Python files with ruff, by the project's configuration or else ruff's default rules.

    Args:
        path: the project's folder.
        changes: files as `git/diff` gives them; without it every Python file is checked as if it were new.
        max_findings: so many findings on changed lines still pass.
        context: of the visit.

    Returns:
        `verdict`, `checked` (files), `configured` (the project has rules of its own), `on_changed_lines`,
        `elsewhere`, `by_rule`, `summary`, `figures`, `findings` (those on changed lines first).

    Raises:
        ToolMissingError: ruff is not installed.
        ActionError: `ruff` when it refuses the configuration, with its words.
    """
    folder = project_folder(context, path)
    chosen = targets(folder, changes, SUFFIXES)
    found = await find_style(folder, chosen, context)
    return style_outputs(found, len(chosen), is_configured(folder), max_findings)


async def find_style(folder: Path, chosen: list[Target], context: ActionContext) -> list[StyleFinding]:
    """What ruff says about some files, those on changed lines first."""
    if importlib.util.find_spec("ruff") is None:
        raise ToolMissingError("ruff", INSTALL)
    if not chosen:
        return []
    result = await context.run(
        [*ruff_command(is_configured(folder)), *(f"./{target.path}" for target in chosen)],
        cwd=folder,
        limit=64_000_000,
    )
    if not result.ok or result.truncated:
        why = result.stderr.strip() or "it printed more than 64 MB"
        raise ActionError(f"ruff could not check {folder}: {why}", error_class="ruff", retryable=False)
    return sorted(_findings(folder, json.loads(result.stdout), chosen), key=_order)


def ruff_command(configured: bool) -> list[str]:
    """The command line. Without rules of the project's, those of a folder above must not be taken for its own."""
    isolated = [] if configured else ["--isolated"]
    options = ["--output-format=json", "--exit-zero", "--no-cache", "--no-fix", "--force-exclude", *isolated]
    return [sys.executable, "-m", "ruff", "check", *options, "--"]


def is_configured(folder: Path) -> bool:
    """True when the project has rules for ruff at its top."""
    if (folder / "ruff.toml").is_file() or (folder / ".ruff.toml").is_file():
        return True
    manifest = folder / "pyproject.toml"
    return manifest.is_file() and bool(RUFF_SECTION.search(manifest.read_text("utf-8", "replace")))


def _findings(folder: Path, data: Iterable[Mapping[str, Any]], chosen: list[Target]) -> Iterator[StyleFinding]:
    by_path = {target.path: target for target in chosen}
    for item in data:
        path = Path(item["filename"]).relative_to(folder).as_posix()
        line = item["location"]["row"]
        rule = item["code"] or item.get("name") or "invalid-syntax"
        yield StyleFinding(rule, item["message"], path, line, by_path[path].changed(line))


def _order(finding: StyleFinding) -> tuple[bool, bool, str, int, str]:
    return not finding.broken, not finding.changed, finding.path, finding.line, finding.rule


def style_outputs(found: list[StyleFinding], checked: int, configured: bool, limit: int) -> dict[str, Json]:
    """What `quality/style` publishes."""
    counted = [finding for finding in found if finding.changed or finding.broken]
    rules = sorted({finding.rule for finding in counted})
    by_rule: dict[str, Json] = {rule: sum(finding.rule == rule for finding in counted) for rule in rules}
    return {
        "verdict": "fail" if len(counted) > limit else "pass",
        "checked": checked,
        "configured": configured,
        "on_changed_lines": len(counted),
        "elsewhere": len(found) - len(counted),
        "by_rule": by_rule,
        "summary": f"{len(counted)} style findings on changed lines of {checked} files"
        if checked
        else "no Python file",
        "figures": [
            {"name": "files checked for style", "value": checked},
            {"name": "style findings on changed lines", "value": len(counted), "limit": f"at most {limit}"},
        ],
        "findings": [finding.to_json() for finding in found],
    }
