"""`review/review-change`: every check that is installed, as comments at lines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, TreadleError

_WORST: Final = ("fail", "needs-work", "not-checked", "pass")
_BLOCKING: Final = frozenset({"high", "critical"})
_Comment = dict[str, Json]


async def review_change(base: str, head: str = "HEAD", repo: str = ".", *, context: ActionContext) -> JsonObject:
    """Review a change.

    Args:
        base: the revision that the change is meant for.
        head: the revision that holds it; it is looked at as it is in the checkout.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `verdict` (`pass`, `needs-work`, `fail`, or `not-checked`: a check could not be made and the others pass),
        `comments` (each `{file, line, severity, rule, text, evidence, check}`, most severe first), `checks` (by name:
        verdict and summary), `text` (Markdown), `summary`, `figures`.

    Raises:
        ActionError: as `analysis/analyze-change`.
    """
    change = cast("dict[str, Any]", await context.call("analysis/analyze-change", base=base, head=head, repo=repo))
    tasks = await context.call("analysis/derive-tasks", change=change)
    comments = [_of_task(task) for task in cast("Sequence[Mapping[str, Any]]", tasks["tasks"])]
    blocking = any(comment["severity"] in _BLOCKING for comment in comments)
    checks: dict[str, dict[str, Json]] = {
        "analysis": {"verdict": "needs-work" if blocking else "pass", "summary": str(change["summary"])}
    }
    files = change["files"]
    for name, action in (("quality", "quality/assess"), ("security", "security/audit")):
        outputs = await _checked(context, action, files, repo)
        checks[name] = {"verdict": str(outputs["verdict"]), "summary": str(outputs["summary"])}
        comments += [
            _of_finding(finding, name) for finding in cast("Sequence[Mapping[str, Any]]", outputs.get("findings", ()))
        ]
    comments.sort(key=_order)
    verdict = min((str(check["verdict"]) for check in checks.values()), key=_rank)
    return {
        "verdict": verdict,
        "comments": cast("list[Json]", comments),
        "checks": cast("dict[str, Json]", checks),
        "text": "\n".join(_lines(verdict, checks, comments)) + "\n",
        "summary": f"{verdict}: {len(comments)} comments",
        "figures": [{"name": "review comments", "value": len(comments)}],
    }


async def _checked(context: ActionContext, action: str, files: list[Json], repo: str) -> Mapping[str, Json]:
    """What a check says, or why it could not be made: it is never called green."""
    try:
        return await context.call(action, path=repo, changes=files)
    except (ActionError, TreadleError) as error:
        context.log.warning(f"{action}: {error.message}")
        return {"verdict": "not-checked", "summary": error.message}


def _of_task(task: Mapping[str, Any]) -> _Comment:
    lines = task.get("lines") or [None]
    return {
        "file": task["file"],
        "line": lines[0],
        "severity": task["severity"],
        "rule": task["rule"],
        "text": task["title"],
        "evidence": task["evidence"],
        "check": "analysis",
    }


def _of_finding(finding: Mapping[str, Any], check: str) -> _Comment:
    named: Callable[..., Any] = lambda *names: next((finding[name] for name in names if finding.get(name)), None)  # noqa: E731
    return {
        "file": named("file", "path"),
        "line": named("line"),
        "severity": str(named("severity") or "medium").lower(),
        "rule": str(named("rule", "code") or check),
        "text": str(named("message", "text", "title") or ""),
        "evidence": str(named("evidence", "url") or ""),
        "check": check,
    }


def _order(comment: _Comment) -> tuple[int, str, int]:
    ranks = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    line = comment["line"]
    return ranks.get(str(comment["severity"]), 4), str(comment["file"] or ""), line if isinstance(line, int) else 0


def _rank(verdict: str) -> int:
    return _WORST.index(verdict) if verdict in _WORST else 1


def _lines(verdict: str, checks: Mapping[str, Mapping[str, Json]], comments: Sequence[_Comment]) -> Iterator[str]:
    yield f"# Review: {verdict}"
    yield ""
    yield from (f"- **{name}**: {check['verdict']} ({check['summary']})" for name, check in checks.items())
    if comments:
        yield ""
        yield "## Comments"
        yield ""
    for comment in comments:
        place = f"`{comment['file']}:{comment['line']}`" if comment["line"] else f"`{comment['file'] or 'the change'}`"
        yield f"- {place} {comment['severity']} {comment['rule']}: {comment['text']}"
