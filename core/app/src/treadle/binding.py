"""Where an execution has to be driven: beside its files."""

import orjson
from treadle_engine.plan import plan_from_json, workflows_of
from treadle_hookspecs import ExecutionRow, StoreBackend

from treadle.runtime.sealed import steps_of


def host_of(store: StoreBackend, row: ExecutionRow, here: str) -> str:
    """The other machine on which an execution's files are, or "" when it can go on `here`.

    It is bound to the machine that it began on when its files are kept there: snapshots, worktrees. One that keeps none
    may be driven anywhere.
    """
    first = store.read(row.id, limit=1)
    host = str(first[0].data.get("host", "")) if first else ""
    if host in ("", here):
        return ""
    content = store.payload(row.plan)
    if content is None:
        return ""
    plan = plan_from_json(orjson.loads(content))
    works_apart = any(step.isolation is not None for one in workflows_of(plan) for step in steps_of(one))
    return host if plan.keeps_files or works_apart else ""
