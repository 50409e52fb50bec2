"""`security/audit`: weaknesses that a change brings, found by bandit, told apart from those that stood there before."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from treadle_hookspecs import ActionContext, ActionError, Json, Outcome, ToolMissingError

from treadle_security._bandit import Scan, Weakness, scan
from treadle_security._files import everything, present, project_folder, touches

OUTCOMES: Final = {"pass": "success", "fail": "needs-work", "not-checked": "not-checked"}


async def audit(
    path: str = ".",
    changes: list[dict[str, Any]] | None = None,
    baseline: str = "",
    min_severity: Literal["low", "medium", "high"] = "medium",
    min_confidence: Literal["low", "medium", "high"] = "medium",
    *,
    context: ActionContext,
) -> Outcome:
    """Look for weaknesses in the Python files of a change.

    A finding is new when the file as it was before had no such finding: the same rule on the same line of code,
    wherever that line stood. Without `baseline` it is new when it touches a changed line.

    Args:
        path: the project's folder.
        changes: files as `git/diff` gives them; without it every Python file is looked at as if it were new.
        baseline: a folder with the changed files as they were.
        min_severity: new findings below it are listed and do not fail the audit.
        min_confidence: likewise.
        context: of the visit.

    Returns:
        The outcome `success`, `needs-work` or `not-checked`, and `verdict` (not-checked when a file could not be
        read), `reasons`, `checked` (files), `unread` (files with the reason), `new`, `old` (numbers of findings),
        `by_severity` (of the new ones), `summary`, `figures`, `findings` (new ones first).

    Raises:
        ToolMissingError: bandit is not installed; the verdict `not-checked` is published.
        ActionError: `bandit` when it fails; likewise.
    """
    folder = project_folder(context, path)
    files = _python_files(folder, changes)
    before = project_folder(context, baseline) if baseline else None
    try:
        now = await scan(folder, files, context)
        earlier = await scan(before, present(before, files.values()), context) if before else None
    except (ToolMissingError, ActionError) as error:
        error.outputs = {"verdict": "not-checked", "summary": error.message, "figures": [], "findings": []}
        raise
    by_path = {change["path"]: change for change in changes or []}
    report = AuditReport(now, tuple(_new(now, earlier, files, by_path)), len(files), min_severity, min_confidence)
    return Outcome(OUTCOMES[report.verdict], report.outputs())


def _python_files(folder: Path, changes: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """The files to look at, each with the name it had before."""
    if changes is None:
        return {name: name for name in present(folder, everything(folder), ".py")}
    before = {change["path"]: change.get("old_path") or change["path"] for change in changes}
    return {name: before[name] for name in present(folder, before, ".py")}


def _new(
    now: Scan, earlier: Scan | None, files: Mapping[str, str], by_path: Mapping[str, Mapping[str, Any]]
) -> list[Weakness]:
    if earlier is None:
        return [one for one in now.weaknesses if touches(by_path.get(one.path), one.line, one.last)]
    known = Counter((old.path, old.rule, old.code) for old in earlier.weaknesses)
    fresh = []
    for weakness in now.weaknesses:
        key = (files[weakness.path], weakness.rule, weakness.code)
        if known[key]:
            known[key] -= 1
        else:
            fresh.append(weakness)
    return fresh


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found, and what it says."""

    scan: Scan
    fresh: tuple[Weakness, ...]
    checked: int
    min_severity: str
    min_confidence: str

    @property
    def serious(self) -> list[Weakness]:
        """New findings that fail the audit."""
        return [weakness for weakness in self.fresh if weakness.at_least(self.min_severity, self.min_confidence)]

    @property
    def verdict(self) -> str:
        """`fail` with a serious finding, `not-checked` when a file could not be read, else `pass`."""
        if self.serious:
            return "fail"
        return "not-checked" if self.scan.unread else "pass"

    def outputs(self) -> dict[str, Json]:
        """What the action publishes."""
        severities = Counter(weakness.severity.lower() for weakness in self.fresh)
        return {
            "verdict": self.verdict,
            "reasons": self._reasons(),
            "checked": self.checked,
            "unread": dict(self.scan.unread),
            "new": len(self.fresh),
            "old": len(self.scan.weaknesses) - len(self.fresh),
            "by_severity": dict(severities),
            "summary": self._summary(),
            "figures": self._figures(severities),
            "findings": self._findings(),
        }

    def _reasons(self) -> list[Json]:
        reasons: list[Json] = [f"new weaknesses that count: {len(self.serious)}"] if self.serious else []
        return [*reasons, *(f"{name} could not be read: {why}" for name, why in sorted(self.scan.unread.items()))]

    def _summary(self) -> str:
        if not self.checked:
            return "no Python file in the change"
        known = len(self.scan.weaknesses) - len(self.fresh)
        return f"{len(self.fresh)} new findings ({len(self.serious)} serious), {known} known, in {self.checked} files"

    def _figures(self, severities: Mapping[str, int]) -> list[Json]:
        limit = f"0 from {self.min_severity}"
        new: list[Json] = [
            {"name": f"new findings, {level}", "value": severities.get(level, 0)} for level in ("high", "medium", "low")
        ]
        serious: Json = {"name": "new findings that count", "value": len(self.serious), "limit": limit}
        return [{"name": "files audited", "value": self.checked}, *new, serious]

    def _findings(self) -> list[Json]:
        new = set(map(id, self.fresh))
        ordered = sorted(self.scan.weaknesses, key=lambda one: (id(one) not in new, one.path, one.line))
        return [weakness.to_json(id(weakness) in new) for weakness in ordered]
