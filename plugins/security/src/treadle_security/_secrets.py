"""`security/secrets`: passwords, keys and tokens in the files of a change, found by detect-secrets."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, Outcome, ToolMissingError

from treadle_security._files import everything, present, project_folder, touches

INSTALL: Final = f"{sys.executable} -m pip install 'treadle-security[secrets]'"
SCAN: Final = """
import json, sys
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
found = []
with default_settings():
    for name in json.load(sys.stdin):
        found += [[name, secret.line_number, secret.type] for secret in scan_file(name)]
print(json.dumps(found))
"""
"""One file at a time: a scan of a folder that is no repository finds nothing and calls that clean."""


async def secrets(path: str = ".", changes: list[dict[str, Any]] | None = None, *, context: ActionContext) -> Outcome:
    """Look for secrets in the files of a change; the verdict is about its changed lines.

    Args:
        path: the project's folder.
        changes: files as `git/diff` gives them; without it all files count as new.
        context: of the visit.

    Returns:
        The outcome `success` or `needs-work`, and `verdict`, `checked`, `summary`, `figures`, `findings`. A finding
        names file, line and kind, never the secret.

    Raises:
        ToolMissingError: detect-secrets is not installed; the verdict `not-checked` is published.
    """
    folder = project_folder(context, path)
    by_path = {change["path"]: change for change in changes or [] if not change.get("binary")}
    names = present(folder, everything(folder) if changes is None else by_path)
    found = await _scan(folder, names, context) if names else []
    new = [_finding(*one, True) for one in found if touches(by_path.get(one[0]), one[1], one[1])]
    old = [_finding(*one, False) for one in found if not touches(by_path.get(one[0]), one[1], one[1])]
    outputs: dict[str, Json] = {
        "verdict": "fail" if new else "pass",
        "checked": len(names),
        "summary": f"{len(new)} secrets on changed lines of {len(names)} files",
        "figures": [{"name": "secrets on changed lines", "value": len(new), "limit": "0"}],
        "findings": [*new, *old],
    }
    return Outcome("needs-work" if new else "success", outputs)


async def _scan(folder: Path, names: list[str], context: ActionContext) -> list[tuple[str, int, str]]:
    if importlib.util.find_spec("detect_secrets") is None:
        error = ToolMissingError("detect-secrets", INSTALL)
        error.outputs = {"verdict": "not-checked", "summary": error.message, "figures": [], "findings": []}
        raise error
    given = json.dumps(names).encode()
    ended = await context.run([sys.executable, "-c", SCAN], cwd=folder, stdin=given, limit=64_000_000)
    if not ended.ok:
        last = "\n".join(ended.stderr.strip().splitlines()[-3:])
        raise ActionError(f"detect-secrets failed:\n{last}", outputs={"verdict": "not-checked", "summary": last})
    return [(name, line, kind) for name, line, kind in json.loads(ended.stdout)]


def _finding(name: str, line: int, kind: str, new: bool) -> dict[str, Json]:
    severity = "high" if new else "low"
    return {"rule": "secret", "severity": severity, "file": name, "line": line, "message": kind, "new": new}
