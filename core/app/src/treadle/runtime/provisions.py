"""What an execution is provided with where its plan asks for it: places in groups, reuse, the files that it keeps."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_engine.plan import Plan
from treadle_engine.protocol import StartAttempt
from treadle_engine.state import State
from treadle_hookspecs import Claim, ExecutionRow

from treadle.runtime.detached import continued_by
from treadle.runtime.files import KeptFiles
from treadle.runtime.places import Places
from treadle.runtime.sealed import steps_of
from treadle.runtime.step_cache import StepCache

if TYPE_CHECKING:
    from treadle.runtime.environment import Environment
    from treadle.runtime.reuse import Reuse


def places_of(row: ExecutionRow, state: State, claim: Claim, environment: "Environment") -> Places | None:
    """Its places in groups; None for an execution that needs none."""
    limited = environment.settings.max_concurrent_workflows or state.header.get("groups")
    if not limited and not state.plan.concurrency and not any(step.concurrency for step in steps_of(state.plan)):
        return None
    patience = math.inf if environment.rest.ask else environment.rest.patience
    return Places(environment.store, row.id, claim, patience)


def reuse_of(
    row: ExecutionRow, state: State, environment: "Environment", cache: Callable[[], StepCache]
) -> "Callable[[StartAttempt], Reuse | None] | None":
    """What makes of an attempt what its reuse needs; None for an execution without `cache`."""
    settings, home = environment.settings, environment.home
    if not settings.cache or not any(step.cache is not None for step in steps_of(state.plan)):
        return None
    from treadle.runtime.reuse import Reuse

    opened = cache()

    def reuse(command: StartAttempt) -> Reuse | None:
        scope, step = command.address[:2]
        spec = state.cache_of(scope, step)
        place = f"{row.root}|{row.workflow}|{scope}/{step}"
        return None if spec is None else Reuse(opened, settings.cache_limit, spec, command, place, home)

    return reuse


def kept_files(row: ExecutionRow, plan: Plan, environment: "Environment") -> KeptFiles:
    """The files that are kept of it, and of those that it goes on from."""

    def origins() -> list[str]:
        found: list[str] = []
        known: ExecutionRow | None = row
        while known is not None and (earlier := continued_by(known)) and earlier not in found:
            found.append(earlier)
            known = environment.store.execution(earlier)
        return found

    limit = environment.settings.snapshot_limit
    return KeptFiles(environment.home, Path(row.root), row.id, origins=origins, snapshots=plan.keeps_files, limit=limit)
