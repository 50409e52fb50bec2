"""Figures over executions, folded from their projections; nothing is kept beside them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from treadle_engine import events as kinds
from treadle_hookspecs import Event, ExecutionRow, Json, Slot

LATEST: Final = 500
"""Executions whose logs are looked through for the times that they, or steps of them, waited for places."""


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


def queue_figures(logs: Iterable[Iterable[Event]], slots: Sequence[Slot]) -> dict[str, Json]:
    """`waits, mean_seconds, longest_seconds` of places in groups that were got, and how many wait and are held now."""
    seconds = [waited for log in logs for waited in _waited(log)]
    waiting = sum(slot.granted_at is None for slot in slots)
    return {
        "waits": len(seconds),
        "mean_seconds": sum(seconds) / len(seconds) if seconds else None,
        "longest_seconds": max(seconds, default=None),
        "waiting": waiting,
        "held": len(slots) - waiting,
    }


def _waited(log: Iterable[Event]) -> Iterator[float]:
    """Seconds from asking for places to having them, of the execution and of each visit."""
    since: dict[tuple[str, str, int], int] = {}
    for event in log:
        holder = (event.scope, event.step, event.visit)
        if event.type == kinds.EXECUTION_STARTED or (event.type, event.data.get("for")) == (
            kinds.VISIT_WAITING,
            "slots",
        ):
            since[holder] = event.at
        elif event.type == kinds.SLOTS_GRANTED and holder in since:
            yield (event.at - since.pop(holder)) / 1e6
