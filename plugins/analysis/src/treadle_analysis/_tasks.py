"""`analysis/derive-tasks`: what is left to do, each task with the place and the figure that calls for it."""

import hashlib
from typing import Any

from treadle_hookspecs import Json, JsonObject

from treadle_analysis._rules import TABLE, Hit, Limits, Rule


def derive_tasks(
    change: dict[str, Any], max_complexity: int = 15, max_lines: int = 400, limit: int = 200
) -> JsonObject:
    """Derive tasks from a measured change, by the rules of the README's table and nothing else.

    Args:
        change: the outputs of `analysis/analyze-change`.
        max_complexity: a changed function above it gives a task.
        max_lines: more lines of source added and deleted give a task.
        limit: at most so many tasks are listed; `count` is complete.

    Returns:
        `tasks` (most severe first, each `{id, title, file, lines, rule, severity, evidence}`), `count`, `by_rule`,
        `summary`, `figures`. An id stays the same while rule, file and title do.
    """
    limits = Limits(max_complexity, max_lines)
    tasks = [_task(rule, hit) for rule in TABLE for hit in rule.find(change, limits)]
    by_rule = {rule.id: sum(task["rule"] == rule.id for task in tasks) for rule in TABLE}
    found = {rule: count for rule, count in by_rule.items() if count}
    listed = ", ".join(f"{count} {rule}" for rule, count in found.items())
    return {
        "tasks": tasks[:limit],
        "count": len(tasks),
        "by_rule": found,
        "summary": f"{len(tasks)} tasks: {listed}" if tasks else "no task",
        "figures": [{"name": "tasks", "value": len(tasks)}],
    }


def _task(rule: Rule, hit: Hit) -> dict[str, Json]:
    return {
        "id": "T-" + hashlib.sha256(f"{rule.id}\0{hit.file}\0{hit.title}".encode()).hexdigest()[:8],
        "title": hit.title,
        "file": hit.file or None,
        "lines": list(hit.lines) if hit.lines else None,
        "rule": rule.id,
        "severity": rule.severity,
        "evidence": hit.evidence,
    }
