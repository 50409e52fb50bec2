"""`quality/patterns`: rules of a project's own about what its files may and must say."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, Outcome

from treadle_quality._files import Target, project_folder, targets
from treadle_quality._verdicts import OUTCOMES

_KEYS: Final = ("name", "files", "forbid", "require", "message")


def patterns(
    patterns: list[dict[str, str]] | None = None,
    path: str = ".",
    changes: list[dict[str, Any]] | None = None,
    strict: bool = True,
    *,
    context: ActionContext,
) -> Outcome:
    """Check files against rules such as `{name: no-print, files: "src/*.py", forbid: "print[(]"}`.

    Args:
        patterns: each has a `name`, `files` (a shell pattern over the whole path, `*` crosses folders; default: all)
            and either `forbid` (a regular expression that no changed line may match) or `require` (one that each
            changed file has to match); `message` says why.
        path: the project's folder.
        changes: files as `git/diff` gives them; without it every file counts as changed.
        strict: False lists what was found and passes.
        context: of the visit.

    Returns:
        The outcome `success`, `needs-work` or `not-checked` (there is no rule), and `verdict`, `checked` (files),
        `reasons`, `summary`, `figures`, `findings`.

    Raises:
        ActionError: `invalid-input` for a rule that is none.
    """
    folder = project_folder(context, path)
    rules = [_rule(given) for given in patterns or ()]
    chosen = targets(folder, changes, ("",)) if rules else []
    found = [finding for target in chosen for finding in _found(folder, target, rules)]
    verdict = "not-checked" if not rules else "fail" if found and strict else "pass"
    outputs: dict[str, Json] = {
        "verdict": verdict,
        "checked": len(chosen),
        "reasons": [str(one["message"]) for one in found][:20] if rules else ["there is no rule to check"],
        "summary": f"{len(found)} findings by {len(rules)} rules in {len(chosen)} files" if rules else "no rule given",
        "figures": [{"name": "findings by the project's rules", "value": len(found), "limit": "0"}],
        "findings": cast("list[Json]", found),
    }
    return Outcome(OUTCOMES[verdict], outputs)


def _rule(given: Mapping[str, str]) -> Mapping[str, Any]:
    unknown = sorted(set(given) - set(_KEYS))
    if unknown or "name" not in given or ("forbid" in given) == ("require" in given):
        raise ActionError(
            f"{dict(given)} is no rule: it has a `name` and either `forbid` or `require`, and maybe `files`, `message`",
            error_class="invalid-input",
            retryable=False,
        )
    try:
        return {**given, "regex": re.compile(given.get("forbid") or given["require"], re.MULTILINE)}
    except re.error as error:
        raise ActionError(f"rule {given['name']}: {error}", error_class="invalid-input", retryable=False) from error


def _found(folder: Path, target: Target, rules: list[Mapping[str, Any]]) -> Iterator[dict[str, Json]]:
    fitting = [rule for rule in rules if fnmatchcase(target.path, rule.get("files", "*"))]
    text = (folder / target.path).read_text("utf-8", "replace") if fitting else ""
    for rule in fitting:
        if "require" in rule:
            if not rule["regex"].search(text):
                yield _finding(rule, target.path, 1, f"nothing matches {rule['require']}")
            continue
        for match in rule["regex"].finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if target.changed(line):
                yield _finding(rule, target.path, line, f"`{match[0].strip()[:60]}`")


def _finding(rule: Mapping[str, Any], path: str, line: int, what: str) -> dict[str, Json]:
    said = f": {rule['message']}" if rule.get("message") else ""
    message = f"{rule['name']}: {path}:{line}: {what}{said}"
    return {"rule": rule["name"], "severity": "medium", "file": path, "line": line, "message": message, "new": True}
