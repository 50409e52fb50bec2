"""Figures over executions, folded from their projections; nothing is kept beside them."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from treadle_hookspecs import ExecutionRow, Json


def metrics_of(rows: Iterable[ExecutionRow]) -> dict[str, Json]:
    """`total, active, by_status, success_rate, mean_seconds, rolled_back`, in all and per workflow.

    `success_rate` is completed over terminal, null before the first end; `mean_seconds` is over terminal executions.
    """
    groups: dict[str, list[ExecutionRow]] = defaultdict(list)
    everything: list[ExecutionRow] = []
    for row in rows:
        groups[row.workflow].append(row)
        everything.append(row)
    return {**_figures(everything), "workflows": {name: _figures(group) for name, group in sorted(groups.items())}}


def _figures(rows: list[ExecutionRow]) -> dict[str, Json]:
    by_status = Counter(row.status for row in rows)
    ended = [row for row in rows if row.finished_at is not None]
    seconds = [(row.finished_at - row.started_at) / 1e6 for row in ended if row.finished_at is not None]
    return {
        "total": len(rows),
        "active": len(rows) - len(ended),
        "by_status": dict(sorted(by_status.items())),
        "success_rate": by_status["completed"] / len(ended) if ended else None,
        "mean_seconds": sum(seconds) / len(seconds) if seconds else None,
        "rolled_back": sum(row.rollback != "none" for row in rows),
    }
