"""What the steps of a storm's workflows do: they count in files, and end as their dice say."""

import os
from pathlib import Path
from random import Random
from typing import Final

from treadle_hookspecs import Action, ActionContext, ActionError, Json, Module, Outcome, hookimpl

_OUTCOMES: Final = ("success", "success", "success", "failure", "other")


class StormPlugin:
    """The actions by which random plans act and undo."""

    @hookimpl
    def treadle_modules(self) -> list[Module]:
        """`test/act` and `test/undo`."""
        return [Module("test", "1", (Action("act", "storm_actions:act"), Action("undo", "storm_actions:undo")))]


def outcome_of(seed: int, scope: str, step: str, visit: int) -> tuple[str, bool]:
    """How every attempt of a visit ends, and the flag that it publishes; the same however often it is tried."""
    rng = Random(f"{seed}/{scope}/{step}#{visit}")
    return rng.choice(_OUTCOMES), rng.random() < 0.5


def undone(seed: int, scope: str, step: str, visit: int) -> bool:
    """Whether a visit can be undone."""
    return Random(f"undo {seed}/{scope}/{step}#{visit}").random() < 0.8


async def act(seed: int, say: str = "", *, context: ActionContext) -> Outcome:
    """Have an effect, and end as `say` or else the dice say."""
    _effect(context)
    outcome, flag = outcome_of(seed, *_visit(context))
    outcome = say or outcome
    if outcome == "failure":
        raise ActionError("the dice said so", error_class="dice", outputs={"flag": flag})
    return Outcome(outcome, {"flag": flag})


async def undo(seed: int = 0, *, context: ActionContext) -> dict[str, Json]:
    """Undo an effect, unless the dice say that it cannot be undone; with the seed 0 it always can."""
    _effect(context)
    if seed and not undone(seed, *_visit(context)):
        raise ActionError("the dice said so", error_class="dice")
    return {}


def _effect(context: ActionContext) -> None:
    """Append to the execution's ledger. What is there with the same key is not done again: the other side's part."""
    path = Path(context.workspace.root) / f"{context.execution}.ledger"
    key, attempt = context.idempotency_key, context.attempt
    _append(path, f"begin {key} {attempt}")
    if f"apply {key} 0" not in path.read_text("utf-8").splitlines():
        _append(path, f"apply {key} 0")
    _append(path, f"end {key} {attempt}")


def _append(path: Path, line: str) -> None:
    """One write: a kill leaves a whole line or none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def _visit(context: ActionContext) -> tuple[str, str, int]:
    place, _, visit = context.idempotency_key.partition("/")[2].removesuffix("!undo").rpartition("#")
    scope, _, step = place.rpartition("/")
    return scope, step, int(visit)
